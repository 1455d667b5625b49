using Attune.Engine.Expressions;
using Attune.Engine.Workflows;

namespace Attune.Engine.Tests.Workflows.Conformance;

static class InterventionReader
{
    public static Intervention Read(Fields fields)
    {
        var at = Fields.Time(fields.Required("at"), "meanwhile.at");
        var of = fields.Optional("of")?.AsString() ?? "";
        var (line, happening, report) = ReadDeed(fields);
        fields.End();
        return new(at, of, line, happening, report);
    }

    static (string Line, Func<DateTimeOffset, Happening> Happening, Value? Report) ReadDeed(Fields fields)
    {
        if (fields.Optional("pause") is { } paused)
            return ($"pause \"{paused.AsString()}\"", now => new PauseRequested(now, paused.AsString()), null);
        if (fields.Optional("resume") is not null)
            return ("resume", now => new ResumeRequested(now), null);
        if (fields.Optional("cancel") is { } cancelled)
            return ($"cancel \"{cancelled.AsString()}\"", now => new CancelRequested(now, cancelled.AsString()), null);
        if (fields.Optional("wake") is not null)
            return ("wake", now => new TimeCame(now), null);
        if (fields.Optional("rerun") is { } rerun)
        {
            string[] tasks = [.. rerun.AsList().Select(each => each.AsString())];
            return ($"rerun {string.Join(", ", tasks)}", now => new RerunRequested(now, tasks), null);
        }

        return fields.Has("edit") ? ReadEdit(fields) : ReadReport(new(fields.Required("report"), "report"));
    }

    static (string, Func<DateTimeOffset, Happening>, Value?) ReadEdit(Fields fields)
    {
        var task = fields.Text("edit");
        var item = (int)(fields.Optional("item")?.AsInt() ?? -1);
        var input = fields.Optional("input");
        var result = fields.Optional("result");
        var (what, value) = input is null ? ("result", result!.Value) : ("input", input.Value);
        return ($"edit {Telling.Name(task, item)} {what} {Telling.Show(value)}", now => new EditRequested(now, task, item, input, result), null);
    }

    // As an agent's report that comes late, twice, or for what nobody started.
    static (string, Func<DateTimeOffset, Happening>, Value?) ReadReport(Fields fields)
    {
        var key = new RunKey(
            (int)fields.Required("run").AsInt(),
            (int)(fields.Optional("item")?.AsInt() ?? -1),
            (int)(fields.Optional("try")?.AsInt() ?? 0));
        var outcome = CaseReader.ReadOutcome(fields, "report");
        fields.End();
        return (
            $"report {Telling.End($"run {Telling.Name($"{key.Run}", key.Item)}", outcome.Ends!.Value, outcome.Error)}",
            now => new RunEnded(now, key, outcome.Ends!.Value, outcome.Error, -1),
            outcome.ResultFor(Value.Null));
    }
}
