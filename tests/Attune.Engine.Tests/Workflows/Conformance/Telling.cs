using System.Globalization;
using System.Text;
using Attune.Engine.Expressions;
using Attune.Engine.Workflows;

namespace Attune.Engine.Tests.Workflows.Conformance;

/// <summary>Says in a line of a sequence what happened. Texts of cases compare with these.</summary>
static class Telling
{
    const int LengthMax = 120;

    public static string Time(TimeSpan time) => $"{time.TotalSeconds.ToString("0.###", CultureInfo.InvariantCulture)}s";

    public static string Name(string task, int item) => item < 0 ? task : $"{task}[{item}]";

    /// <param name="task">With its item.</param>
    public static string Start(string task, StartAction command)
    {
        var text = new StringBuilder("start ").Append(task);
        Add(text, Again(command.Key.Try, command.TriesMax));
        Add(text, command.Batch > 0 ? $"in wave {command.Batch}" : "");
        Add(text, command.Parameters.AsMap().Count > 0 ? Show(command.Parameters) : "");
        Add(text, command.Timeout is { } timeout ? $"for {Time(timeout)}" : "");
        if (command.WorkerLabels.Count > 0)
            Add(text, "on " + string.Join(", ", command.WorkerLabels.Select(label => $"{label.Key}={label.Value}")));
        return text.ToString();
    }

    public static string Ask(string task, AskPeople command)
    {
        var text = new StringBuilder("ask ").Append(task);
        Add(text, Again(command.Key.Try, command.TriesMax));
        Add(text, Show(Value.Of(command.Prompt)));
        IEnumerable<string> people = [.. command.Identities, .. command.PermissionSets];
        Add(text, people.Any() ? $"to {string.Join(", ", people)}" : "");
        Add(text, command.Quorum > 1 ? $"quorum {command.Quorum}" : "");
        Add(text, command.Timeout is { } timeout ? $"for {Time(timeout)}" : "");
        Add(text, command.Reminder is { } reminder ? $"reminding every {Time(reminder)}" : "");
        Add(text, command.NoSelfAnswer ? "not the starter" : "");
        return text.ToString();
    }

    // Behind its last try something runs again only because a person changed it.
    static string Again(int attempt, int triesMax)
        => attempt == 0 ? "" : attempt < triesMax ? $"again ({attempt} of {triesMax - 1})" : "again";

    public static string End(string task, RunOutcome outcome, TaskError? error) => outcome switch
    {
        RunOutcome.Completed => $"{task} completed",
        RunOutcome.Timeout => $"{task} timed out",
        RunOutcome.Cancelled => $"{task} cancelled",
        RunOutcome.Abandoned => $"{task} abandoned",
        _ => $"{task} failed ({error?.Reason})",
    };

    public static string State(WorkflowState state)
        => state.IsPaused ? "paused" : Word(state.Status.ToString());

    public static string Items(ItemsStanding? items)
        => items is null ? "" : $"{items.Completed} completed, {items.Failed} failed, {items.Running} running of {items.Total}";

    public static string Word(string name) => name.ToLowerInvariant();

    /// <summary>As in YAML's flow style, cut where it is long.</summary>
    public static string Show(Value value)
    {
        var text = new StringBuilder();
        Show(text, value);
        return text.Length <= LengthMax ? text.ToString() : text.ToString(0, LengthMax) + "…";
    }

    static void Show(StringBuilder text, Value value)
    {
        if (text.Length > LengthMax)
            return;

        switch (value.Kind)
        {
            case ValueKind.List:
                text.Append('[');
                foreach (var (index, item) in value.AsList().Index())
                {
                    text.Append(index > 0 ? ", " : "");
                    Show(text, item);
                }

                text.Append(']');
                break;
            case ValueKind.Map:
                text.Append('{');
                foreach (var (index, (name, member)) in value.AsMap().Index())
                {
                    text.Append(index > 0 ? ", " : "").Append(name).Append(": ");
                    Show(text, member);
                }

                text.Append('}');
                break;
            default:
                text.Append(ValueJson.Text(value, false));
                break;
        }
    }

    static void Add(StringBuilder text, string part)
    {
        if (part.Length > 0)
            text.Append(' ').Append(part);
    }
}
