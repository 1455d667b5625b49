using System.Text;
using System.Text.Json;
using Attune.Engine.Expressions;
using Attune.Engine.Workflows;
using Attune.Server.Dispatch;
using Attune.Server.Executions;

namespace Attune.Server.Workflows;

/// <summary>From rows to what the conductor takes.</summary>
sealed class ReadHappenings(ParameterSecrets secrets)
{
    /// <param name="held">What happened to it, and whether its time has come.</param>
    /// <param name="now">When it is taken, which is when it happened as far as the conductor knows: one clock for all of it.</param>
    public List<Happening> Run(HeldRun held, DateTimeOffset now)
    {
        var happenings = new List<Happening>(held.Happened.Count + 1);
        foreach (var row in held.Happened)
        {
            if (Read(row, held.Before.Run, now) is { } happening)
                happenings.Add(happening);
        }

        if (held.IsDue)
            happenings.Add(new TimeCame(now));
        return happenings;
    }

    // An execution that was deleted meanwhile tells nothing any more, nor does one that was made to go on: it tells of its next end.
    Happening? Read(HappeningRow row, ConductedRun run, DateTimeOffset now)
    {
        if (row.Kind is "started")
            return new WorkflowStarted(now, run.Timeout, run.Retry);
        if (row.Kind is "ended")
        {
            return row is { Run: { } number, Try: { } attempt, Status: { } status } && IsFinal(status)
                ? new RunEnded(now, new(number, row.Item ?? -1, attempt), OutcomeOf(status), ErrorOf(row, status), row.Execution ?? 0)
                : null;
        }

        using var document = JsonDocument.Parse(row.Detail ?? "{}");
        var detail = document.RootElement;
        return row.Kind switch
        {
            "cancel" => new CancelRequested(now, Text(detail, "reason"), Flag(detail, "stops")),
            "pause" => new PauseRequested(now, Text(detail, "reason"), Flag(detail, "by_caller")),
            "resume" => new ResumeRequested(now, Flag(detail, "by_caller")),
            "rerun" => new RerunRequested(now, [.. detail.GetProperty("tasks").EnumerateArray().Select(task => task.GetString()!)]),
            "edit" => new EditRequested(
                now, Text(detail, "task"), detail.GetProperty("item").GetInt32(),
                detail.TryGetProperty("input", out var input) ? Open(input) : null,
                detail.TryGetProperty("result", out var result) ? Value.FromJson(result) : null),
            _ => throw new InvalidDataException($"A happening of kind '{row.Kind}' is not known."),
        };
    }

    Value Open(JsonElement json) => Value.FromJson(secrets.Reveal(json.GetRawText()));

    static bool IsFinal(string status) => status is "completed" or "failed" or "cancelled" or "timeout" or "abandoned";

    static RunOutcome OutcomeOf(string status) => status switch
    {
        "completed" => RunOutcome.Completed,
        "timeout" => RunOutcome.Timeout,
        "cancelled" => RunOutcome.Cancelled,
        "abandoned" => RunOutcome.Abandoned,
        _ => RunOutcome.Failed,
    };

    static TaskError? ErrorOf(HappeningRow row, string status)
    {
        if (ErrorJson.Read(row.Error) is { } error)
            return new(error.Reason, error.Message);
        return status is "completed" ? null : new(status.ToUpperInvariant(), $"Ended as {status}.");
    }

    static bool Flag(JsonElement detail, string name) => detail.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.True;

    static string Text(JsonElement detail, string name) => detail.TryGetProperty(name, out var value) ? value.GetString() ?? "" : "";

    /// <summary>What came along with the rows is at hand.</summary>
    public static void Remember(HeldRun held)
    {
        var values = held.Before.Values;
        foreach (var row in held.Happened)
        {
            if (row is not { Kind: "ended", Execution: { } execution, Item: null, Status: { } status } || !IsFinal(status))
                continue;
            var key = new ValueKey(KeptKind.ExecutionResult, 0, execution);
            if (row.GaveNothing)
                values.Add(key, Value.Null, 16);
            else if (row.Result is { } result && RememberedValues.Fits(key, result.Length * 2L))
                values.Add(key, Value.FromJson(Encoding.UTF8.GetBytes(result)), result.Length * 2L);
        }
    }
}
