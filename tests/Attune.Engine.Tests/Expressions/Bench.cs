using System.Text.Json;
using Attune.Engine.Expressions;

namespace Attune.Engine.Tests.Expressions;

/// <summary>One event at one instant: what the expressions of these tests are about.</summary>
static class Bench
{
    public const string Names = """
        {
          "event": {
            "trigger": "demo.pushed",
            "payload": {
              "host": {"name": "web-01", "port": 8080},
              "ref": "refs/heads/main",
              "size": 3,
              "ratio": 0.5,
              "up": true,
              "nothing": null,
              "tags": ["a", "b"],
              "files": [{"name": "x.cs", "lines": 10}, {"name": "y.md", "lines": 3}],
              "x-id": "q1"
            }
          },
          "rule": {"ref": "demo.rule"}
        }
        """;

    public static DateTimeOffset Now { get; } = new(2026, 11, 22, 8, 30, 0, TimeSpan.Zero);

    public static Scope Scope { get; } = new(Value.FromJson(Bytes(Names)).AsMap(), Now);

    public static byte[] Bytes(string text) => System.Text.Encoding.UTF8.GetBytes(text);

    public static Value Evaluate(string text) => Evaluate(text, ExpressionLimits.Default);

    public static Value Evaluate(string text, ExpressionLimits limits) => Expression.Parse(text).Evaluate(Scope, limits);

    public static ExpressionProblem ProblemOf(string text) => ProblemOf(text, ExpressionLimits.Default);

    public static ExpressionProblem ProblemOf(string text, ExpressionLimits limits)
        => Assert.Throws<ExpressionException>(() => Evaluate(text, limits)).Problem;

    public static string Json(Value value)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
            value.WriteTo(writer);
        return System.Text.Encoding.UTF8.GetString(buffer.ToArray());
    }
}
