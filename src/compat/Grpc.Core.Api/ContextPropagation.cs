namespace Grpc.Core;

/// <summary>What a call made on behalf of another inherits from it.</summary>
public class ContextPropagationOptions(bool propagateDeadline = true, bool propagateCancellation = true)
{
    /// <summary>Both.</summary>
    public static readonly ContextPropagationOptions Default = new();

    public bool IsPropagateDeadline { get; } = propagateDeadline;

    public bool IsPropagateCancellation { get; } = propagateCancellation;
}

/// <summary>
/// A server's call, for calls made on its behalf; only an implementation of gRPC makes one, and that for ASP.NET Core does
/// not: pass the deadline and the token of the <see cref="ServerCallContext"/> on instead.
/// </summary>
public abstract class ContextPropagationToken
{
    internal ContextPropagationToken()
    {
    }
}
