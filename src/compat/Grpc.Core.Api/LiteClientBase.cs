namespace Grpc.Core;

/// <summary>Base of clients generated with the <c>lite_client</c> option: over a <see cref="Grpc.Core.CallInvoker"/> only.</summary>
public abstract class LiteClientBase
{
    /// <summary>For test doubles: every call that is not overridden throws <see cref="NotImplementedException"/>.</summary>
    protected LiteClientBase()
        : this(new UnimplementedCallInvoker())
    {
    }

    protected LiteClientBase(CallInvoker callInvoker)
    {
        ArgumentNullException.ThrowIfNull(callInvoker);
        CallInvoker = callInvoker;
    }

    protected CallInvoker CallInvoker { get; }
}
