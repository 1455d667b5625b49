using Attune.Engine.Expressions;
using Attune.Engine.Retries;

namespace Attune.Engine.Workflows.Definitions;

/// <summary>Reads one task whose neighbours are known.</summary>
static class TaskReader
{
    const int RefMax = 128;

    // Of `max_delay`: to a RetryPolicy 0 is no bound, and whoever writes it means no delay.
    const double DelayMin = 0.001;

    static readonly Template EmptyMap = new(new TemplateConstant(Value.Of(ValueMap.Empty)));

    public static WorkflowTask Read(DefinitionFields fields, string name, int index, TaskFlow flow, IReadOnlyList<int> sources)
    {
        if (fields.Find("name") is { } given && given != Value.Of(name))
            fields.Report("name", $"is not '{Mistakes.Cut(name)}', under which the task stands; leave it out.");
        var inquiry = fields.Map("inquiry") is { } asked ? InquiryReader.Read(asked) : null;
        var isInquiry = fields.Has("inquiry");
        if (isInquiry && fields.Has("action"))
            fields.Report("inquiry", "stands instead of `action`; leave one of them out.");
        else if (!isInquiry && !fields.Has("action"))
            fields.Mistakes.Report(fields.Path, "has neither `action` nor `inquiry`. Where nothing is to run write `action: core.noop`.");

        var task = new WorkflowTask
        {
            Name = name,
            Index = index,
            ActionRef = Action(fields),
            Inquiry = inquiry,
            Input = fields.TemplateMap("input") ?? EmptyMap,
            Next = flow.Next,
            JoinCount = Join(fields, sources.Count),
            Sources = sources,
            Items = Items(fields),
            Retry = fields.Map("retry") is { } retry ? Retry(retry) : null,
            Timeout = fields.NumberOrExpression("timeout", 1, Workflow.SecondsMax, isWhole: false),
            Delay = fields.NumberOrExpression("delay", 0, Workflow.SecondsMax, isWhole: false),
            OnError = flow.OnError,
            WorkerLabels = Labels(fields),
        };
        if (isInquiry)
            RefuseOfInquiry(fields);
        fields.Done();
        return task;
    }

    static string? Action(DefinitionFields fields)
    {
        if (fields.Text("action") is not { } text)
            return null;
        if (text.Length <= RefMax && text.Split('.') is [not "", not ""] && !text.Any(char.IsWhiteSpace) && !text.Contains('{', StringComparison.Ordinal))
            return text;

        fields.Report("action", $"'{Mistakes.Cut(text)}' is no ref; write `pack.name`, as in `core.echo`.");
        return null;
    }

    static int Join(DefinitionFields fields, int sources)
    {
        if (fields.Find("join") is not { } join)
            return 0;

        var count = join.Kind switch
        {
            ValueKind.String when join.AsString() is "all" => sources,
            ValueKind.Int when join.AsInt() is >= 1 and <= Workflow.TasksMax => (int)join.AsInt(),
            _ => -1,
        };
        if (count < 0)
            fields.Report("join", "must be `all`, or how many of the tasks that lead here it waits for: 1 or more.");
        return Math.Max(0, count);
    }

    static TaskItems? Items(DefinitionFields fields)
    {
        var concurrency = fields.NumberOrExpression("concurrency", 1, TaskItems.ConcurrencyMax, isWhole: true);
        var batchSize = fields.NumberOrExpression("batch_size", 1, TaskItems.CountMax, isWhole: true);
        if (fields.Find("with_items") is not { } given)
        {
            foreach (var name in (string[])["concurrency", "batch_size"])
            {
                if (fields.Has(name))
                    fields.Report(name, "means nothing without `with_items`.");
            }

            return null;
        }

        if (given.Kind is not ValueKind.Map)
            return ListOf(fields, "with_items", given) is { } single ? new(single, [], concurrency, batchSize) : null;

        if (given.AsMap().Count == 0)
            fields.Report("with_items", "must name at least one list.");
        var named = new List<KeyValuePair<string, Template>>();
        foreach (var (name, list) in given.AsMap())
        {
            if (ListOf(fields, $"with_items.{Mistakes.Cut(name)}", list) is { } template)
                named.Add(new(name, template));
        }

        return new(null, named, concurrency, batchSize);
    }

    // Without braces a text would be a text, and never a list.
    static Template? ListOf(DefinitionFields fields, string place, Value value)
    {
        if (value.Kind is ValueKind.String)
            return fields.OneExpression(place, value, "must be a list, or one expression in `{{ }}` that gives one, not a text.");
        if (!fields.Expect(place, value, "a list or an expression that gives one", ValueKind.List))
            return null;
        if (value.AsList().Count <= TaskItems.CountMax)
            return fields.Compile(place, value);

        fields.Report(place, $"has {value.AsList().Count} items; at most {TaskItems.CountMax} are allowed.");
        return null;
    }

    static TaskRetry Retry(DefinitionFields fields)
    {
        var count = fields.Whole("count", 0, 100) ?? 3;
        var delay = fields.Number("delay", 0, 86_400) ?? 1;
        var retry = new TaskRetry(
            count,
            TimeSpan.FromSeconds(delay),
            fields.Choice("backoff", "constant", "linear", "exponential") switch
            {
                "linear" => Backoff.Linear,
                "exponential" => Backoff.Exponential,
                _ => Backoff.Constant,
            },
            TimeSpan.FromSeconds(fields.Number("max_delay", DelayMin, 86_400) ?? Math.Max(delay, 300)),
            fields.Condition("when"));
        fields.Done();
        return retry;
    }

    static Template? Labels(DefinitionFields fields)
    {
        if (fields.Find("worker_labels") is not { } labels || !fields.Expect("worker_labels", labels, "a mapping", ValueKind.Map))
            return null;

        var isRight = true;
        foreach (var (name, value) in labels.AsMap())
            isRight &= fields.Expect($"worker_labels.{Mistakes.Cut(name)}", value, "a text", ValueKind.String);
        return isRight ? fields.Compile("worker_labels", labels) : null;
    }

    static void RefuseOfInquiry(DefinitionFields fields)
    {
        if (fields.Has("input"))
            fields.Report("input", "means nothing for an inquiry: what people shall see goes into `inquiry.prompt`.");
        if (fields.Has("worker_labels"))
            fields.Report("worker_labels", "means nothing for an inquiry, which runs on no agent.");
        if (fields.Has("timeout"))
            fields.Report("timeout", "of an inquiry is written as `inquiry.timeout`.");
    }
}
