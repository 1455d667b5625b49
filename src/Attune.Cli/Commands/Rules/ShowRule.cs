using System.CommandLine;
using Attune.Cli.Output;
using Attune.Cli.Terminals;
using Attune.V1;

namespace Attune.Cli.Commands.Rules;

static class ShowRule
{
    static readonly Argument<string> rule = RuleArguments.Ref();

    public static Command Command()
        => new Command("show", "One rule: what it waits for, what it does, when its timer fires next").With(rule).Does(RunAsync);

    static async Task RunAsync(Invocation run, CancellationToken ct)
    {
        var answer = await run.Client.Rules.GetRuleAsync(new() { Ref = run.Get(rule) }, cancellationToken: ct);
        Write(run, answer.Rule);
    }

    static void Write(Invocation run, Rule rule) => run.Answer.Show(
        rule,
        new("Ref", rule.Ref),
        new("Label", rule.Label),
        new("Description", rule.Description),
        new("State", RuleArguments.State(rule)),
        new("Problems", new(string.Join('\n', rule.Problems), Tone.Bad)),
        new("Made", rule.IsAdhoc ? "by hand" : $"by pack {rule.PackRef}"),
        new("Tags", string.Join(", ", rule.Tags)),
        new("Trigger", rule.TriggerRef),
        new("Trigger's parameters", Texts.Json(rule.TriggerParams)),
        new("Conditions", Conditions(rule)),
        new("Action", rule.ActionRef),
        new("Parameters", Texts.Json(rule.ActionParams)),
        new("Next fires", string.Join('\n', (rule.Timer?.NextFires ?? []).Select(each => Texts.Moment(each, run.Clock)))),
        new("Last fired", Texts.Moment(rule.Timer?.LastFiredAt, run.Clock)),
        new("Missed fires", rule.Timer is { MissedCount: > 0 } timer ? timer.MissedCount : ""),
        new("Latest misses", string.Join('\n', (rule.Timer?.Misses ?? []).Select(each => Miss(each, run.Clock)))),
        new("Changed", Texts.Moment(rule.Updated, run.Clock)),
        new("Try it", $"attune rule test {rule.Ref} --last 10"));

    static string Conditions(Rule rule) => rule.Conditions switch
    {
        null or { ListValue.Values.Count: 0 } or { StructValue.Fields.Count: 0 } => "none: every event",
        var conditions => Texts.Json(conditions),
    };

    static string Miss(TimerMiss miss, TimeProvider clock)
    {
        var when = miss.Count is 1
            ? Texts.Moment(miss.FirstScheduledAt, clock)
            : $"{miss.Count} from {Texts.Moment(miss.FirstScheduledAt, clock)} to {Texts.Moment(miss.LastScheduledAt, clock)}";
        return $"{when}: policy {miss.Policy}, {(miss.FiredLate is 0 ? "none" : miss.FiredLate)} fired late";
    }
}
