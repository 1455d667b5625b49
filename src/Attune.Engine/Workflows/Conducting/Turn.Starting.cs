using Attune.Engine.Expressions;
using Attune.Engine.Retries;

namespace Attune.Engine.Workflows.Conducting;

/// <summary>From a task that was reached to its execution, and to the next try of it.</summary>
sealed partial class Turn
{
    void Begin(Run run)
    {
        if (board.Status is not WorkflowStatus.Running || run.Phase is RunPhase.Running || board.IsPaused || run.Until > now)
            return;

        BeginNow(run);
        if (!board.Runs.ContainsKey(run.Number))
            endedAtOnce++;
    }

    void BeginNow(Run run)
    {
        var task = workflow.Tasks[run.Task];
        if (run.HasEditedResult)
        {
            End(run, RunOutcome.Completed, null, 0);
            return;
        }

        if (run.Phase is RunPhase.Reached && !TryDelay(ref run, task))
            return;
        if (!HasRoom)
            Set(run with { Phase = RunPhase.Ready, Until = now });
        else if (task.Items is not null)
            OpenItems(run, task);
        else if (Execute(run, task, -1, run.Try) is { } error)
            End(run, RunOutcome.Failed, error, 0);
        else
            Set(run with { Phase = RunPhase.Running, Until = null });
    }

    // False where it does not begin yet, or ever.
    bool TryDelay(ref Run run, WorkflowTask task)
    {
        if (!TrySeconds(task.Delay, $"tasks.{task.Name}.delay", new(run.Context), 0, out var delay, out var error))
        {
            End(run, RunOutcome.Failed, error, 0);
            return false;
        }

        run = Set(run with { Phase = RunPhase.Ready, Until = delay > TimeSpan.Zero ? now + delay : null });
        return run.Until is null;
    }

    void EndTry(Run run, RunOutcome outcome, TaskError? error, long handle)
    {
        var task = workflow.Tasks[run.Task];
        var ended = new EndedRun(run.Number, outcome, error, handle, false, null);
        if (!MayTryAgain(task, new(run.Context, ended), run.Try, task.Retry?.Count ?? 0, out var delay, ref error))
        {
            End(run, outcome, error, handle);
            return;
        }

        Set(run with { Phase = RunPhase.Ready, Try = run.Try + 1, Until = delay > TimeSpan.Zero ? now + delay : null });
        beginning.Enqueue(run.Number);
    }

    // Retries of one execution. Who cancelled it does not want to see it again.
    bool MayTryAgain(WorkflowTask task, View view, int tries, int count, out TimeSpan delay, ref TaskError? error)
    {
        delay = TimeSpan.Zero;
        if (view.Ended!.Outcome is RunOutcome.Completed or RunOutcome.Cancelled || task.Retry is not { } retry || tries >= count
            || board.Status is not WorkflowStatus.Running)
            return false;
        if (retry.When is { } when)
        {
            if (!TryDecide(when, $"tasks.{task.Name}.retry.when", view, out var holds, out var problem))
            {
                error = problem with { Message = $"{problem.Message} This was asked because it failed: {error!.Message}" };
                return false;
            }

            if (!holds)
                return false;
        }

        delay = DelayOf(retry, tries + 1);
        return true;
    }

    static TimeSpan DelayOf(TaskRetry retry, int failures)
    {
        var policy = RetryPolicy.Never with
        {
            MaxAttempts = int.MaxValue,
            Delay = retry.Delay,
            Backoff = retry.Backoff,
            MaxDelay = retry.MaxDelay,
            OnFailed = true,
        };
        return policy.DelayAfter(failures, AttemptEnd.Failed)!.Value;
    }

    /// <summary>One execution: of the task, or of an item.</summary>
    TaskError? Execute(Run run, WorkflowTask task, int item, int attempt)
    {
        var view = item < 0 ? new View(run.Context) : new View(run.Context, null, run.Number, item, run.Items!.BatchOf(item));
        var key = new RunKey(run.Number, item, attempt);
        names.Demand(board, ReadAtStart(task), view);
        return task.Inquiry is { } inquiry ? Ask(key, task, inquiry, view) : Act(key, run, task, view);
    }

    static IEnumerable<VariableUse> ReadWhenReached(WorkflowTask task)
        => Names.ReadBy(task.Delay).Concat(task.Items is { } items ? ReadForItems(items) : []).Concat(ReadAtStart(task));

    static IEnumerable<VariableUse> ReadAtStart(WorkflowTask task)
    {
        Template?[] templates =
        [
            task.Input, task.Timeout, task.WorkerLabels, task.Inquiry?.Prompt, task.Inquiry?.Identities, task.Inquiry?.Quorum, task.Inquiry?.Timeout,
        ];
        return templates.SelectMany(Names.ReadBy);
    }

    TaskError? Act(RunKey key, Run run, WorkflowTask task, View view)
    {
        var place = $"tasks.{task.Name}";
        Value parameters;
        if (EditedInput(run, key.Item) is { } edited)
            parameters = names.Get(edited);
        else if (TryRenderMap(task.Input, $"{place}.input", view, out var input, out var mistake))
            parameters = Value.Of(input);
        else
            return mistake;

        var size = Stored.SizeOf(parameters);
        if (size > InputMax)
            return new("INPUT_TOO_LARGE", $"{place}.input: it would take {size / 1024} KiB; at most {InputMax / 1024} KiB are allowed. Give what is large in another way, such as where it is kept.");

        if (!TrySeconds(task.Timeout, $"{place}.timeout", view, 1, out var timeout, out var error))
            return error;

        var labels = new Dictionary<string, string>();
        if (task.WorkerLabels is { } template)
        {
            if (!TryRenderMap(template, $"{place}.worker_labels", view, out var rendered, out error))
                return error;
            foreach (var (name, label) in rendered.Span)
            {
                if (label.Kind is not ValueKind.String)
                    return Unsuitable($"{place}.worker_labels.{name}", label, "a text");
                labels[name] = label.AsString();
            }
        }

        started += size;
        commands.Add(new StartAction(key, task.Name, task.ActionRef!, parameters, timeout, labels, view.Batch, 1 + (task.Retry?.Count ?? 0)));
        return null;
    }

    static ValueKey? EditedInput(Run run, int item)
        => run.Items is { } items && ItemsWindow.EditOf(items.Inputs, item) is { } number ? new(KeptKind.EditedInput, number, 0, item)
            : run.HasEditedInput ? new(KeptKind.EditedInput, run.Number, 0)
            : null;

    TaskError? Ask(RunKey key, WorkflowTask task, TaskInquiry inquiry, View view)
    {
        var place = $"tasks.{task.Name}.inquiry";
        if (!TryRender(inquiry.Prompt, $"{place}.prompt", view, out var prompt, out var error)
            || !TryCount(inquiry.Quorum, $"{place}.quorum", view, 1, TaskInquiry.QuorumMax, out var quorum, out error)
            || !TrySeconds(
                inquiry.Timeout ?? task.Timeout, inquiry.Timeout is null ? $"tasks.{task.Name}.timeout" : $"{place}.timeout", view, 1,
                out var timeout, out error))
            return error;
        if (prompt.Kind is not ValueKind.String)
            return Unsuitable($"{place}.prompt", prompt, "a text");

        var identities = new List<string>();
        if (inquiry.Identities is { } template)
        {
            var where = $"{place}.assignees.identities";
            if (!TryRender(template, where, view, out var logins, out error))
                return error;
            if (logins.Kind is not ValueKind.List || logins.Items.Any(login => login.Kind is not ValueKind.String))
                return Unsuitable(where, logins, "a list of logins");
            identities.AddRange(logins.Items.Select(login => login.AsString()));

            // Nobody named means everybody who may answer: not what an expression that finds nobody is meant to say.
            if (identities.Count == 0 && inquiry.PermissionSets.Count == 0)
            {
                return new(
                    ExpressionFailed,
                    $"{where}: it gives an empty list, so nobody is asked; give a login at least, or name `permission_sets` beside it.");
            }
        }

        started += prompt.AsString().Length;
        commands.Add(new AskPeople(
            key, task.Name, prompt.AsString(), inquiry.ResponseSchema, identities, inquiry.PermissionSets, quorum, timeout, inquiry.Reminder,
            inquiry.NoSelfAnswer, 1 + (task.Retry?.Count ?? 0)));
        return null;
    }
}
