using Grpc.Core.Interceptors;

namespace Grpc.Core;

/// <summary>A connection, or several, to a server; clients share it.</summary>
public abstract class ChannelBase
{
    protected ChannelBase(string target)
    {
        ArgumentNullException.ThrowIfNull(target);
        Target = target;
    }

    /// <summary>The address that the channel was made for.</summary>
    public string Target { get; }

    /// <summary>An invoker whose calls go through this channel; see <see cref="ChannelExtensions"/> to intercept them.</summary>
    public abstract CallInvoker CreateCallInvoker();

    /// <summary>Ends the channel. Await the calls on it first.</summary>
    public Task ShutdownAsync() => ShutdownAsyncCore();

    protected virtual Task ShutdownAsyncCore() => Task.CompletedTask;
}
