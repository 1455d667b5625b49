namespace Grpc.Core;

/// <summary>True accepts the peer. It runs after the usual verification, and can only refuse more.</summary>
public delegate bool VerifyPeerCallback(VerifyPeerContext context);

public class VerifyPeerContext
{
    internal VerifyPeerContext(string targetName, string peerPem)
    {
        TargetName = targetName;
        PeerPem = peerPem;
    }

    public string TargetName { get; }

    /// <summary>The peer's certificate as PEM.</summary>
    public string PeerPem { get; }
}
