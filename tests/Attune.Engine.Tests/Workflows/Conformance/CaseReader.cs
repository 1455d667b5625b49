using System.Text.Json;
using Attune.Engine.Expressions;
using Attune.Engine.Retries;
using Attune.Engine.Workflows;

namespace Attune.Engine.Tests.Workflows.Conformance;

static class CaseReader
{
    public static Case Read(string name, string yaml)
    {
        var value = ValueYaml.Read(yaml, out var problem) ?? throw new CaseException($"{name} should be YAML, but {problem}");
        var fields = new Fields(value, name);
        var action = new Fields(fields.Optional("action") ?? Value.Of(ValueMap.Empty), "action");
        var read = new Case
        {
            Name = name,
            Topic = fields.Text("topic"),
            About = fields.Text("about").Trim().ReplaceLineEndings(" "),
            Workflow = Json(fields.Required("workflow")),
            Workflows = fields.Map("workflows").ToDictionary(each => each.Key, each => Json(each.Value)),
            Parameters = Value.Of(fields.Map("parameters")),
            PackConfig = Value.Of(fields.Map("pack_config")),
            Timeout = action.Optional("timeout") is { } timeout ? Fields.Time(timeout, "action.timeout") : null,
            Retry = action.Optional("retry") is { } retry ? ReadRetry(new(retry, "action.retry")) : RetryPolicy.Never,
            Script = new(fields.Map("script").ToDictionary(each => each.Key, each => ReadScript(each.Value, $"script.{each.Key}"))),
            Meanwhile = [.. (fields.Optional("meanwhile")?.AsList() ?? []).Select(each => InterventionReader.Read(new(each, "meanwhile")))],
            Expected = ReadExpected(new(fields.Required("expect"), "expect")),
        };
        action.End();
        fields.End();
        return read;
    }

    public static JsonElement Json(Value value)
    {
        using var document = JsonDocument.Parse(ValueJson.Text(value, false));
        return document.RootElement.Clone();
    }

    public static Outcome ReadOutcome(Value value, string path)
    {
        if (value.Kind is ValueKind.String)
            value = Value.Of(ValueMap.Of([new(value.AsString(), Value.Of(true))]));

        var fields = new Fields(value, path);
        var outcome = ReadOutcome(fields, path);
        fields.End();
        return outcome;
    }

    /// <summary>
    /// `failed`, `timeout`, `cancelled` or `abandoned`, with `REASON: message` where that matters; `never`; otherwise it completes.
    /// </summary>
    public static Outcome ReadOutcome(Fields fields, string path)
    {
        var end = fields.Optional("never") is null ? RunOutcome.Completed : (RunOutcome?)null;
        TaskError? error = null;
        fields.Optional("completed");
        foreach (var (word, outcome) in Words)
        {
            if (fields.Optional(word) is { } why)
                (end, error) = (outcome, why.Kind is ValueKind.String ? ReadError(why.AsString(), path) : UsualError(outcome));
        }

        var result = fields.Optional("result") ?? fields.Optional("answer");
        var after = fields.Optional("after");
        var stopsAfter = fields.Optional("stops_after");
        return new(
            after is null ? Outcome.Default.After : ReadTemplate(Seconds(after.Value, path), path),
            end,
            result is not null ? ReadTemplate(result.Value, path) : end is RunOutcome.Completed ? Outcome.Default.Result : null,
            error,
            stopsAfter is null ? TimeSpan.Zero : Fields.Time(stopsAfter.Value, path));
    }

    public static TaskError UsualError(RunOutcome outcome) => outcome switch
    {
        RunOutcome.Timeout => new("TIMEOUT", "It took too long."),
        RunOutcome.Cancelled => new("CANCELLED", "It was cancelled."),
        RunOutcome.Abandoned => new("WORKER_LOST", "Its agent is gone."),
        _ => new("EXIT_CODE", "It exited with 1."),
    };

    static readonly (string, RunOutcome)[] Words =
    [
        ("failed", RunOutcome.Failed), ("timeout", RunOutcome.Timeout), ("cancelled", RunOutcome.Cancelled), ("abandoned", RunOutcome.Abandoned),
    ];

    static TaskError ReadError(string text, string path)
        => text.Split(": ", 2) is [var reason, var message]
            ? new(reason, message)
            : throw new CaseException($"{path}: an error is written 'REASON: message', not '{text}'.");

    static Value Seconds(Value time, string path)
        => time.Kind is ValueKind.String && time.AsString().Contains("{{", StringComparison.Ordinal)
            ? time
            : Value.Of(Fields.Time(time, path).TotalSeconds);

    static Template ReadTemplate(Value value, string path)
    {
        var problems = new List<TemplateProblem>();
        return Template.Parse(Json(value), problems) ?? throw new CaseException($"{path}: {problems[0].Problem.Message}");
    }

    static TaskScript ReadScript(Value value, string path)
    {
        if (value.Kind is ValueKind.List)
            return new(null, [.. value.AsList().Select(each => ReadOutcome(each, path))], null);
        if (!value.TryGet("items", out var items))
            return new(ReadOutcome(value, path), null, null);
        return new(null, null, [.. items.AsList().Select((each, index) => ReadScript(each, $"{path}.items[{index}]"))]);
    }

    static RetryPolicy ReadRetry(Fields fields)
    {
        var policy = new RetryPolicy
        {
            MaxAttempts = (int)fields.Required("max_attempts").AsInt(),
            Delay = Fields.Time(fields.Optional("delay") ?? Value.Of(0), "delay"),
            Backoff = Backoff.Constant,
            MaxDelay = TimeSpan.Zero,
            OnFailed = true,
            OnTimeout = true,
            OnLost = true,
        };
        fields.End();
        return policy;
    }

    static Expected ReadExpected(Fields fields)
    {
        var expected = new Expected(
            [.. (fields.Optional("check")?.AsList() ?? []).Select(each => each.AsString())],
            fields.Text("sequence"),
            fields.Text("status"),
            fields.Optional("output") ?? Value.Of(ValueMap.Empty),
            fields.Optional("error") is { } error ? ReadExpectedError(error) : null,
            fields.Optional("variables"),
            fields.Map("tasks").ToDictionary(each => each.Key, each => ReadTask(each.Value, $"expect.tasks.{each.Key}")));
        fields.End();
        return expected;
    }

    static ExpectedError ReadExpectedError(Value error)
    {
        if (error.Kind is ValueKind.String)
            return new(error.AsString(), null);

        var fields = new Fields(error, "error");
        var read = new ExpectedError(fields.Text("reason"), fields.Text("message"));
        fields.End();
        return read;
    }

    static ExpectedTask ReadTask(Value value, string path)
    {
        if (value.Kind is ValueKind.String)
            return new(value.AsString(), null, null, null, null);

        var fields = new Fields(value, path);
        var task = new ExpectedTask(
            fields.Text("state"),
            (int?)fields.Optional("runs")?.AsInt(),
            fields.Optional("error") is { } error ? ReadExpectedError(error) : null,
            fields.Optional("waiting")?.AsString(),
            fields.Optional("items")?.AsString());
        fields.End();
        return task;
    }
}
