using Attune.Agent.Configuration;
using Attune.Agent.Joining;
using Grpc.Core;

namespace Attune.Agent.Session;

enum SessionEndKind
{
    Stopped,
    Lost,
    GoneAway,
}

/// <summary>Why a stream ended. <see cref="Delay"/> is the control plane's wish; otherwise the backoff decides.</summary>
sealed record SessionEnd(SessionEndKind Kind, string Why, TimeSpan Delay)
{
    public static readonly SessionEnd Stopped = new(SessionEndKind.Stopped, "the agent stops", default);

    public static SessionEnd Lost(string why) => new(SessionEndKind.Lost, why, default);

    public static SessionEnd GoneAway(string why, TimeSpan delay) => new(SessionEndKind.GoneAway, why, delay);

    /// <summary>Throws <see cref="HopelessException"/> for what no retry can mend.</summary>
    public static SessionEnd Of(RpcException failure, bool wasWelcome)
    {
        if (failure.StatusCode is StatusCode.Unauthenticated or StatusCode.PermissionDenied)
            throw new HopelessException(
                ExitCode.NotJoined,
                $"The control plane does not accept this agent's certificate: {failure.Status.Detail}. "
                + "If the agent was removed, empty its state directory and join again with a new join token; otherwise check that both clocks agree.");

        // An agent that was connected before keeps trying: the server's certificate may be in the middle of a change.
        if (failure.IsUntrustedServer() && !wasWelcome)
            throw new HopelessException(
                ExitCode.NotJoined,
                $"The control plane shows a certificate that is not trusted ({Innermost(failure)}). Give the CA with --ca-file.");

        return Lost(failure.StatusCode switch
        {
            StatusCode.Unavailable => $"the control plane cannot be reached ({Innermost(failure)})",
            StatusCode.Unimplemented => "what answers at this address is no control plane for agents",
            _ => $"{failure.Status.Detail} ({failure.StatusCode})",
        });
    }

    static string Innermost(RpcException failure)
        => failure.Status.DebugException?.GetBaseException().Message ?? failure.Status.Detail;
}
