using Attune.Cli.Configuration;
using Attune.Cli.Terminals;
using Attune.Protos.Client;
using Grpc.Core;

namespace Attune.Cli;

/// <summary>Says what went wrong and what to do about it, and picks the exit code.</summary>
static class FailureText
{
    public static int Write(Terminal terminal, CommandFailure failure)
    {
        Write(terminal, failure.Message, failure.Lines, failure.Hint);
        return failure.ExitCode;
    }

    public static int Write(Terminal terminal, RpcException failure, Connection? connection, bool verbose)
    {
        var typed = AttuneException.From(failure);
        Write(terminal, Headline(typed, connection), Lines(typed), Hint(typed, connection));
        if (verbose)
        {
            terminal.Error.WriteLine($"  {typed.StatusCode} {typed.Reason}".TrimEnd());
            foreach (var (key, value) in typed.Metadata)
                terminal.Error.WriteLine($"  {key}: {value}");
            if (typed.Status.DebugException is { } cause)
                terminal.Error.WriteLine($"  {cause.GetBaseException().Message}");
        }

        return CodeOf(typed.StatusCode);
    }

    public static int CodeOf(StatusCode status) => status switch
    {
        StatusCode.Unauthenticated or StatusCode.PermissionDenied => ExitCode.NotAllowed,
        StatusCode.InvalidArgument or StatusCode.NotFound or StatusCode.AlreadyExists or StatusCode.FailedPrecondition
            or StatusCode.Aborted or StatusCode.OutOfRange or StatusCode.ResourceExhausted => ExitCode.Usage,
        _ => ExitCode.Unreachable,
    };

    static void Write(Terminal terminal, string message, IEnumerable<string> lines, string? hint)
    {
        terminal.Error.WriteLine($"{Tone.Bad.Paint("error:", terminal.ColourError)} {message}");
        foreach (var line in lines)
            terminal.Error.WriteLine($"  {line}");
        if (hint is not null)
            terminal.Error.WriteLine(Tone.Dim.Paint(hint, terminal.ColourError));
    }

    static string Headline(AttuneException failure, Connection? connection) => failure.StatusCode switch
    {
        StatusCode.Unavailable when failure.Reason is "" => $"{connection?.Server} cannot be reached: {Cause(failure)}",
        StatusCode.DeadlineExceeded => $"{connection?.Server} did not answer in time.",
        StatusCode.Unauthenticated when connection is { HasCredentials: false } && failure.Reason is not ("LOGIN_FAILED" or "LOGIN_THROTTLED") =>
            $"You are not logged in to {connection.Server}.",
        // Every violation has its own line; the server's sentence would only repeat them.
        _ when failure.FieldViolations.Count > 0 => $"The request is not valid ({failure.Reason}).",
        _ => failure.Message,
    };

    static string Cause(AttuneException failure)
        => failure.Status.DebugException?.GetBaseException().Message ?? failure.Status.Detail;

    static IEnumerable<string> Lines(AttuneException failure)
        => failure.FieldViolations.Select(violation => $"{violation.Field}: {violation.Description}");

    static string? Hint(AttuneException failure, Connection? connection) => failure switch
    {
        { StatusCode: StatusCode.Unavailable or StatusCode.DeadlineExceeded } =>
            "Is the server running there? Name another with --server URL, ATTUNE_SERVER or `attune login --server URL`.",
        { Reason: "LOGIN_FAILED" } => "Check the name and the password.",
        { Reason: "LOGIN_THROTTLED" } when failure.Metadata.GetValueOrDefault("retry_after_seconds") is { } seconds =>
            $"Try again in {seconds} s.",
        { StatusCode: StatusCode.Unauthenticated } when connection?.EnvironmentToken is not null =>
            "The token comes from ATTUNE_TOKEN: is it for this server, and not revoked or expired?",
        { StatusCode: StatusCode.Unauthenticated } => LoginHint(connection),
        { StatusCode: StatusCode.PermissionDenied } when failure.Metadata.GetValueOrDefault("permission") is { } permission =>
            $"It takes the permission {permission}; `attune whoami` lists what you have. An administrator gives more: "
                + "`attune user grant LOGIN PERMISSION_SET`.",
        { Reason: "CURRENT_PASSWORD_WRONG" } => "Nothing was changed.",
        { StatusCode: StatusCode.PermissionDenied } => "`attune whoami` lists what you may do.",
        { Reason: "ACTION_NOT_FOUND" } => "`attune action list` shows what there is; `attune pack install DIR` adds more.",
        { Reason: "EXECUTION_NOT_FOUND" } => "`attune execution list` shows the latest.",
        { Reason: "PACK_NOT_FOUND" } => "`attune pack list` shows what is installed.",
        { Reason: "WORKER_NOT_FOUND" } => "`attune worker list` shows the agents.",
        { Reason: "TRIGGER_NOT_FOUND" } => "`attune trigger list` shows what there is.",
        { Reason: "TRIGGER_DISABLED" } => "`attune trigger enable REF` lets its events in again.",
        { Reason: "RULE_NOT_FOUND" } => "`attune rule list` shows what there is.",
        { Reason: "RULE_DISABLED" } => "`attune rule enable REF` lets it apply again.",
        { Reason: "SENSOR_NOT_FOUND" } => "`attune sensor list` shows what there is.",
        { Reason: "EVENT_NOT_FOUND" } => "`attune event list` shows the latest.",
        { Reason: "ENFORCEMENT_NOT_FOUND" } => "`attune enforcement list` shows the latest.",
        { Reason: "NOT_ADHOC" } => "It belongs to a pack: change the pack's file and install it again, or only enable and disable it.",
        { Reason: "CURSOR_EXPIRED" } => "Look at the present state, then watch without --cursor.",
        { Reason: "RUNTIME_NOT_FOUND" } => "`attune runtime list` shows what there is.",
        { Reason: "IDENTITY_NOT_FOUND" } => "`attune user list` shows who there is.",
        { Reason: "PERMISSION_SET_NOT_FOUND" } => "`attune permission-set list` shows what there is.",
        { StatusCode: StatusCode.Aborted } => "Somebody else changed it meanwhile: look at it again, then repeat.",
        { StatusCode: StatusCode.Internal } when failure.Metadata.GetValueOrDefault("correlation_id") is { } id =>
            $"The server's log has the details under {id}.",
        _ => null,
    };

    static string LoginHint(Connection? connection)
        => connection is { ProfileApplies: false, Profile.Server: { Length: > 0 } other }
            ? $"Your login is for {other}. Log in here with `attune login --server {connection.Server}`."
            : "Log in with `attune login`, or set ATTUNE_TOKEN.";
}
