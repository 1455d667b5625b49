using System.CommandLine;
using Attune.Cli.Output;
using Attune.V1;
using Grpc.Core;

namespace Attune.Cli.Commands.Events;

static class ShowEvent
{
    const int ExecutionsMax = 1000;

    static readonly Argument<string> id = EventText.Id();

    public static Command Command()
        => new Command("show", "One event: which rules matched and what they started, which did not and why").With(id).Does(RunAsync);

    static async Task RunAsync(Invocation run, CancellationToken ct)
    {
        var answer = await run.Client.Events.GetEventAsync(new() { EventId = EventText.ParseId(run.Get(id)) }, cancellationToken: ct);
        var one = answer.Event;
        var statuses = run.Answer.IsTable ? await StatusesAsync(run, one, ct) : [];
        run.Answer.Show(
            one,
            new("Id", one.Id),
            new("Trigger", one.TriggerRef),
            new("Origin", EventText.Of(one.Origin)),
            new("Source", one.SourceRef),
            new("Only for rule", one.RuleRef),
            new("Replay of", one.ReplayOf is 0 ? "" : one.ReplayOf),
            new("Key", one.IdempotencyKey),
            new("Created", Texts.Moment(one.Created, run.Clock)),
            new("Payload", Texts.Json(one.Payload)),
            new("Matched", Matched(one, statuses)),
            new("Did not match", Unmatched(one)));
    }

    static string Matched(Event one, Dictionary<long, ExecutionStatus> statuses)
        => one.Enforcements.Count is 0
            ? "no rule"
            : string.Join('\n', one.Enforcements.Select(each => Line(each, statuses)));

    static string Line(Enforcement enforcement, Dictionary<long, ExecutionStatus> statuses) => enforcement switch
    {
        { Error: { } error } => $"{enforcement.RuleRef}: started nothing: {error.Message} ({error.Reason}; enforcement {enforcement.Id})",
        { Status: EnforcementStatus.Disabled } => $"{enforcement.RuleRef}: disabled, started nothing (enforcement {enforcement.Id})",
        { ExecutionId: not 0 } when statuses.TryGetValue(enforcement.ExecutionId, out var status) =>
            $"{enforcement.RuleRef}: execution {enforcement.ExecutionId} of {enforcement.ActionRef}, {Texts.Word(status)} (enforcement {enforcement.Id})",
        { ExecutionId: not 0 } =>
            $"{enforcement.RuleRef}: execution {enforcement.ExecutionId} of {enforcement.ActionRef} (enforcement {enforcement.Id})",
        _ => $"{enforcement.RuleRef}: {EventText.Outcome(enforcement).Text} (enforcement {enforcement.Id})",
    };

    static string Unmatched(Event one)
    {
        var lines = one.Unmatched.Select(each => $"{each.RuleRef}: {each.Why}");
        var more = one.UnmatchedCount - one.Unmatched.Count;
        return string.Join('\n', more > 0 ? lines.Append($"and {more} more rules") : lines);
    }

    // Who may read events may not have to be allowed to read executions: then their ids have to do.
    static async Task<Dictionary<long, ExecutionStatus>> StatusesAsync(Invocation run, Event one, CancellationToken ct)
    {
        if (one.Enforcements.All(each => each.ExecutionId is 0))
            return [];

        try
        {
            var answer = await run.Client.Executions.ListExecutionsAsync(
                new() { EventId = one.Id, PageSize = ExecutionsMax }, cancellationToken: ct);
            return answer.Executions.ToDictionary(each => each.Id, each => each.Status);
        }
        catch (RpcException denied) when (denied.StatusCode is StatusCode.PermissionDenied)
        {
            return [];
        }
    }
}
