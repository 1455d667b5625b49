using System.CommandLine;
using Attune.Cli.Commands.Events;
using Attune.Cli.Completion;
using Attune.Cli.Output;

namespace Attune.Cli.Commands.Enforcements;

static class ShowEnforcement
{
    static readonly Suggested<string> id = new("ID", Suggestions.EnforcementIdsAsync) { Description = "Id of the enforcement" };

    public static Command Command()
        => new Command("show", "One enforcement: the link between an event, a rule and an execution").With(id).Does(RunAsync);

    static async Task RunAsync(Invocation run, CancellationToken ct)
    {
        var answer = await run.Client.Events.GetEnforcementAsync(
            new() { EnforcementId = Ids.Parse(run.Get(id), "an enforcement", "attune enforcement list") }, cancellationToken: ct);
        var enforcement = answer.Enforcement;
        run.Answer.Show(
            enforcement,
            new("Id", enforcement.Id),
            new("Rule", enforcement.RuleRef),
            new("Trigger", enforcement.TriggerRef),
            new("Event", enforcement.EventId is 0 ? "" : $"{enforcement.EventId}  (attune event show {enforcement.EventId})"),
            new("Outcome", EventText.Outcome(enforcement)),
            new("Error", enforcement.Error?.Message),
            new("Action", enforcement.ActionRef),
            new("Execution", enforcement.ExecutionId is 0 ? "" : $"{enforcement.ExecutionId}  (attune execution show {enforcement.ExecutionId})"),
            new("Parameters", Texts.Json(enforcement.Parameters)),
            new("Created", Texts.Moment(enforcement.Created, run.Clock)));
    }
}
