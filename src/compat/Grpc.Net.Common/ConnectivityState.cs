namespace Grpc.Core;

/// <summary>A channel's connection (doc/connectivity-semantics-and-api.md of grpc).</summary>
public enum ConnectivityState
{
    /// <summary>Not connected, and no call asks for it.</summary>
    Idle,

    Connecting,

    Ready,

    /// <summary>Connecting failed; it is tried again after a pause.</summary>
    TransientFailure,

    /// <summary>Ended for good.</summary>
    Shutdown,
}
