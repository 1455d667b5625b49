using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Attune.Benchmarks.Harness;
using Attune.Engine.Conditions;
using Attune.Engine.Expressions;

namespace Attune.Benchmarks.Rules;

/// <summary>The rules alone, on one core: no database, no network.</summary>
sealed class RuleBenchmark(BenchSettings settings) : IBenchmark
{
    const int RuleCount = 10_000;
    const int Slice = 10_000;
    const int EventsPerRepeat = 200;

    readonly Figure operators = new("condition evaluations, operators", "/s", 0, null, Target.AtLeast(1_000_000));
    readonly Figure expressions = new("condition evaluations, an expression", "/s", 0, null, Target.AtLeast(1_000_000));
    readonly Figure indexed = new("one event met by 10,000 rules", "µs", 0, null, Target.AtMost(20_000));

    readonly Condition byOperators = Parse("""
        {"all": [
            {"field": "kind", "operator": "equals", "value": "a"},
            {"field": "size", "operator": "greater_than", "value": 10},
            {"field": "host.name", "operator": "starts_with", "value": "db-"}]}
        """);

    readonly Condition byExpression = Parse("""["event.payload.kind == 'a' and event.payload.size > 10"]""");
    readonly Value payload = ReadValue("""{"kind": "a", "size": 4096, "host": {"name": "db-1.example.com"}, "site": "site-7777"}""");
    readonly RuleIndex<int> index = new([.. Enumerable.Range(0, RuleCount).Select(number => (number, Parse(
        $$"""[{"field": "site", "operator": "equals", "value": "site-{{number}}"}, {"field": "size", "operator": "greater_than", "value": 10}]""")))]);

    public string Name => "rules";

    public Task PrepareAsync(CancellationToken ct)
    {
        for (var round = 0; round < 30; round++)
            Measure(TimeSpan.FromMilliseconds(20));
        return Task.CompletedTask;
    }

    public Task<RepeatOutcome> RepeatAsync(int repeat, CancellationToken ct)
    {
        var (first, second, match) = Measure(settings.Window / 3);
        return Task.FromResult(new RepeatOutcome([new(operators, first), new(expressions, second), new(indexed, match)]));
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    (double Operators, double Expressions, double Match) Measure(TimeSpan window)
        => (PerSecond(byOperators, window), PerSecond(byExpression, window), MicrosecondsPerEvent());

    double PerSecond(Condition condition, TimeSpan window)
    {
        var now = settings.Clock.GetUtcNow();
        var scope = NewScope(now);
        var count = 0L;
        var start = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(start) < window)
        {
            for (var i = 0; i < Slice; i++)
            {
                if (condition.Evaluate(payload, () => scope, now).Verdict is not ConditionVerdict.Matched)
                    throw new InvalidOperationException("The condition must match.");
            }

            count += Slice;
        }

        return count / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    double MicrosecondsPerEvent()
    {
        var now = settings.Clock.GetUtcNow();
        var scope = NewScope(now);
        var start = Stopwatch.GetTimestamp();
        for (var i = 0; i < EventsPerRepeat; i++)
        {
            var matches = index.Match(payload, () => scope, now, unmatchedMax: 50);
            if (matches.Matched is not [7777] || matches.UnmatchedCount != RuleCount - 1)
                throw new InvalidOperationException("Exactly one rule must match.");
        }

        return Stopwatch.GetElapsedTime(start).TotalMicroseconds / EventsPerRepeat;
    }

    Scope NewScope(DateTimeOffset now) => new(
        new Dictionary<string, Value>
        {
            ["event"] = Value.Of(new Dictionary<string, Value> { ["payload"] = payload, ["trigger"] = Value.Of("bench.happened") }),
        },
        now);

    static Condition Parse(string json)
    {
        var problems = new List<ConditionProblem>();
        using var document = JsonDocument.Parse(json);
        return Condition.Parse(document.RootElement, null, problems)
            ?? throw new InvalidOperationException(string.Join('\n', problems));
    }

    static Value ReadValue(string json) => Value.FromJson(Encoding.UTF8.GetBytes(json));
}
