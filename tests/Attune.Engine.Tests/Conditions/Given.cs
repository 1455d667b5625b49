using System.Globalization;
using System.Text.Json;
using Attune.Engine.Conditions;
using Attune.Engine.Expressions;
using Attune.Engine.Schemas;

namespace Attune.Engine.Tests.Conditions;

/// <summary>Conditions and payloads as the tests write them: JSON with single quotes.</summary>
static class Given
{
    public static readonly DateTimeOffset Now = DateTimeOffset.Parse("2027-03-01T12:00:00Z", CultureInfo.InvariantCulture);

    public static JsonElement Json(string text) => JsonElement.Parse(text.Replace('\'', '"'));

    public static Value Payload(string text) => Value.FromJson(Json(text));

    public static Schema Schema(string text) => Engine.Schemas.Schema.Parse(Json(text)).Schema ?? throw new ArgumentException(text);

    public static Condition Condition(string text, Schema? payload = null) => Condition(Json(text), payload);

    public static Condition Condition(JsonElement json, Schema? payload = null)
    {
        var problems = new List<ConditionProblem>();
        var condition = Engine.Conditions.Condition.Parse(json, payload, problems);
        Assert.Empty(problems);
        return condition!;
    }

    public static List<string> Problems(string text, Schema? payload = null) => Problems(Json(text), payload);

    public static List<string> Problems(JsonElement json, Schema? payload = null)
    {
        var problems = new List<ConditionProblem>();
        Assert.Null(Engine.Conditions.Condition.Parse(json, payload, problems));
        Assert.NotEmpty(problems);
        return [.. problems.Select(problem => $"{problem.Path}: {problem.Message}")];
    }

    public static Scope Scope(Value payload) => new(
        new Dictionary<string, Value>
        {
            ["event"] = Value.Of(new Dictionary<string, Value> { ["payload"] = payload, ["trigger"] = Value.Of("ops.alert") }),
            ["rule"] = Payload("{'ref': 'ops.page', 'pack': 'ops'}"),
            ["pack"] = Payload("{'config': {'limit': 90}}"),
        },
        Now);

    public static ConditionOutcome Outcome(string condition, string payload)
    {
        var value = Payload(payload);
        return Condition(condition).Evaluate(value, () => Scope(value), Now);
    }

    public static string Verdict(string condition, string payload) => Outcome(condition, payload).Verdict.ToString().ToLowerInvariant();

    public static string? Why(string condition, string payload) => Outcome(condition, payload).Why;
}
