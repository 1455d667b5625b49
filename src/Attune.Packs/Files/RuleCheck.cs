using System.Text.Json;
using Attune.Engine.Conditions;
using Attune.Engine.Expressions;
using Attune.Engine.Schemas;
using Attune.Engine.Timers;

namespace Attune.Packs.Files;

/// <summary>A mistake in a rule. <paramref name="Place"/> begins with the field: `conditions.all[2].operator`, `action_params.host`.</summary>
public sealed record RuleProblem(string Place, string Message);

/// <summary>What a rule is checked against; null is what is not known here and therefore not checked.</summary>
public sealed record RuleSurroundings
{
    /// <summary>What the trigger lets a rule set.</summary>
    public Schema? TriggerParameters { get; init; }

    /// <summary>What an event of the trigger carries; also null where it may carry anything.</summary>
    public Schema? Payload { get; init; }
    public Schema? ActionParameters { get; init; }

    /// <summary>Of the rule's own pack; also null where it may hold anything.</summary>
    public Schema? PackConfig { get; init; }

    /// <summary>From schemas as they are stored, where an empty payload or config schema stands for "anything". Null: not known.</summary>
    public static RuleSurroundings Of(Schema? triggerParameters, Schema? payload, Schema? actionParameters, Schema? packConfig) => new()
    {
        TriggerParameters = triggerParameters,
        Payload = payload is { IsEmpty: true } ? null : payload,
        ActionParameters = actionParameters,
        PackConfig = packConfig is { IsEmpty: true } ? null : packConfig,
    };
}

/// <summary>Finds every mistake of a rule before it is saved: the same for files, for the API and for dry runs.</summary>
public static class RuleCheck
{
    /// <summary>Of each part, as JSON.</summary>
    public const int BytesMax = 1 << 20;

    public static IReadOnlyList<RuleProblem> Find(
        string triggerRef, JsonElement conditions, JsonElement actionParams, JsonElement triggerParams, RuleSurroundings around)
    {
        var problems = new List<RuleProblem>();
        TriggerParams(triggerRef, triggerParams, around, problems);
        Conditions(conditions, around, problems);
        ActionParams(actionParams, around, problems);
        return [.. problems.Distinct()];
    }

    static void TriggerParams(string triggerRef, JsonElement given, RuleSurroundings around, List<RuleProblem> problems)
    {
        if (around.TriggerParameters is { } schema)
        {
            foreach (var problem in schema.Validate(given).Problems)
                problems.Add(new(problem.PathUnder("trigger_params"), problem.Message));
        }

        if (problems.Count > 0 || !Schedule.IsTimer(triggerRef))
            return;

        var ofSchedule = new List<ScheduleProblem>();
        Schedule.Parse(triggerRef, given, ofSchedule);
        problems.AddRange(ofSchedule.Select(problem => new RuleProblem(Under("trigger_params", problem.Path), problem.Message)));
    }

    static void Conditions(JsonElement given, RuleSurroundings around, List<RuleProblem> problems)
    {
        var ofConditions = new List<ConditionProblem>();
        Condition.Parse(given, around.Payload, ofConditions);
        problems.AddRange(ofConditions.Select(problem => new RuleProblem(Under("conditions", problem.Path), problem.Message)));
        if (ofConditions.Count > 0)
            return;

        // What the event and the rule hold was checked with the conditions; the pack's configuration is known only here.
        foreach (var (path, text) in ExpressionsIn(given, "conditions"))
        {
            problems.AddRange(Expression.Parse(text).Reads
                .Where(use => use.Path is ["pack", "config", ..])
                .SelectMany(use => RuleNames.Check(use, around))
                .Select(message => new RuleProblem(path, message)));
        }
    }

    static void ActionParams(JsonElement given, RuleSurroundings around, List<RuleProblem> problems)
    {
        var ofTemplates = new List<TemplateProblem>();
        if (Template.Parse(given, ofTemplates) is { } template)
        {
            foreach (var (path, use, _) in template.Reads)
            {
                problems.AddRange(RuleNames.Check(use, around)
                    .Concat(RuleNames.CheckSecrecy(use, path, around))
                    .Select(message => new RuleProblem(Under("action_params", path), message)));
            }
        }

        problems.AddRange(ofTemplates.Select(each => new RuleProblem(
            Under("action_params", each.Path), each.Problem.Position < 0 ? each.Problem.Message : $"{each.Problem.Message} (character {each.Problem.Position + 1})")));
        if (around.ActionParameters is { } schema)
            problems.AddRange(Constants(given, schema));
    }

    // What an expression gives is known only when an event comes; everything else can be checked now.
    static IEnumerable<RuleProblem> Constants(JsonElement given, Schema schema)
    {
        var rendered = given.EnumerateObject().Where(member => HoldsExpression(member.Value)).Select(member => member.Name).ToHashSet();
        var constants = Json.Written(writer =>
        {
            writer.WriteStartObject();
            foreach (var member in given.EnumerateObject().Where(member => !rendered.Contains(member.Name)))
                member.WriteTo(writer);
            writer.WriteEndObject();
        });
        return schema.CheckKnown(constants, rendered).Select(problem => new RuleProblem(problem.PathUnder("action_params"), problem.Message));
    }

    static bool HoldsExpression(JsonElement json) => json.ValueKind switch
    {
        JsonValueKind.String => json.GetString()!.Contains("{{", StringComparison.Ordinal),
        JsonValueKind.Array => json.EnumerateArray().Any(HoldsExpression),
        JsonValueKind.Object => json.EnumerateObject().Any(member => HoldsExpression(member.Value)),
        _ => false,
    };

    // A text that stands where a condition may stand is an expression; one inside an operator object is a value to compare with.
    static IEnumerable<(string Path, string Text)> ExpressionsIn(JsonElement json, string path) => json.ValueKind switch
    {
        JsonValueKind.String => [(path, Bare(json.GetString()!.Trim()))],
        JsonValueKind.Array => json.EnumerateArray().SelectMany((item, index) => ExpressionsIn(item, $"{path}[{index}]")),
        JsonValueKind.Object => json.EnumerateObject()
            .Where(member => member.Name is "all" or "any" or "not")
            .SelectMany(member => ExpressionsIn(member.Value, $"{path}.{member.Name}")),
        _ => [],
    };

    static string Bare(string text) => text.StartsWith("{{", StringComparison.Ordinal) ? text[2..^2] : text;

    static string Under(string field, string path) => path switch
    {
        "" => field,
        ['[', ..] => field + path,
        _ => $"{field}.{path}",
    };
}
