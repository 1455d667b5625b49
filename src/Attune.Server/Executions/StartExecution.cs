using System.Collections.ObjectModel;
using System.Text.RegularExpressions;
using Attune.Engine.Placement;
using Attune.Server.Actions;
using Attune.Server.Hosting;
using Attune.Server.Workers;

namespace Attune.Server.Executions;

/// <summary>What a caller asks to run; unset means the action's own.</summary>
sealed record StartCommand
{
    public required string ActionRef { get; init; }

    /// <summary>JSON object, UTF-8.</summary>
    public required ReadOnlyMemory<byte> Parameters { get; init; }
    public IReadOnlyDictionary<string, string> WorkerLabels { get; init; } = ReadOnlyDictionary<string, string>.Empty;
    public TimeSpan? Timeout { get; init; }
    public int? Priority { get; init; }
    public IReadOnlyDictionary<string, string> EnvVars { get; init; } = ReadOnlyDictionary<string, string>.Empty;
    public long? RerunOf { get; init; }

    /// <summary>Parameters that the server itself kept: they may hold sealed secrets' clear text and reserved names.</summary>
    public bool Trusted { get; init; }

    /// <summary>Where <see cref="Parameters"/> hold what was sealed before; the action must still call each of them secret.</summary>
    public IReadOnlyList<string> SealedPaths { get; init; } = [];
}

/// <summary>Validates what is asked for, every mistake at once, and stores it. Ends after the commit.</summary>
sealed partial class StartExecution(ActionCatalog catalog, InsertExecutions insert, ParameterSecrets secrets, WhoStarted whoStarted)
{
    const int RequestIdLength = 128;
    const short DefaultPriority = 5;
    static readonly TimeSpan TimeoutMin = TimeSpan.FromSeconds(1);
    static readonly TimeSpan TimeoutMax = TimeSpan.FromDays(7);

    public sealed record Started(StoredExecutions Stored, IReadOnlyList<NewExecution> Items)
    {
        public IReadOnlyList<long> Ids => Stored.Ids;
    }

    /// <param name="rpc">Scopes the request id.</param>
    /// <param name="pathOf">The path of the n-th command in the request, with its dot: `items[3].`.</param>
    public async Task<Result<Started>> RunAsync(
        Caller caller, string rpc, string requestId, IReadOnlyList<StartCommand> commands, Func<int, string> pathOf,
        CancellationToken ct)
    {
        if (requestId.Length > RequestIdLength)
        {
            return Failure.Invalid(
                "REQUEST_ID_INVALID", "request_id", $"has {requestId.Length} characters; at most {RequestIdLength} are allowed.");
        }

        var items = new NewExecution[commands.Count];
        List<(string Reason, Violation Violation)>? problems = null;
        for (var i = 0; i < items.Length; i++)
        {
            var checkedItem = await CheckAsync(caller, commands[i], pathOf(i), ct);
            if (checkedItem.Item is { } item)
                items[i] = item;
            else
                (problems ??= []).AddRange(checkedItem.Problems);
        }

        if (problems is not null)
            return ToFailure(problems);

        var request = new NewExecutions
        {
            // What the process of an execution starts, whoever started that one has started.
            ExecutorId = caller.ExecutionId is { } execution ? await whoStarted.FindAsync(execution, ct) : caller.IdentityId,
            RequestId = caller.IdentityId == 0 ? "" : requestId,
            Rpc = rpc,
            Items = items,
        };
        var stored = await insert.RunAsync(request, ct);

        // The same request id was in the same commit: now the first one's answer is there to be read.
        if (stored.Repeated && stored.Ids.Count == 0)
            stored = await insert.RunAsync(request, ct);
        return new Started(stored, items);
    }

    public ValueTask<ActionDefinition?> FindAsync(string actionRef, CancellationToken ct) => catalog.FindAsync(actionRef, ct);

    /// <summary>
    /// What a rule starts is checked like what people start; nobody is asked for rights here, because that was done when the rule was saved.
    /// </summary>
    public (NewExecution? Item, List<(string Reason, Violation Violation)> Problems) CheckForRule(
        ActionDefinition action, ReadOnlyMemory<byte> parameters)
        => Check(new() { ActionRef = action.Ref, Parameters = parameters }, action, "");

    /// <summary>What a workflow starts is checked like what people start; who started the workflow needs no rights for each of its tasks.</summary>
    public (NewExecution? Item, List<(string Reason, Violation Violation)> Problems) CheckForTask(StartCommand command, ActionDefinition action)
        => Check(command, action, "");

    async ValueTask<(NewExecution? Item, List<(string, Violation)> Problems)> CheckAsync(
        Caller caller, StartCommand command, string path, CancellationToken ct)
    {
        var action = await catalog.FindAsync(command.ActionRef, ct);
        if (action is null || !caller.May("executions", "start", action.PackRef))
        {
            // Without the right to start it, whether it exists is not said either, unless it does and only the right is missing.
            if (action is not null)
                caller.Demand("executions", "start", action.PackRef);
            return (null, [("ACTION_NOT_FOUND", new($"{path}action_ref", await DescribeMissingAsync(command.ActionRef, ct)))]);
        }

        return Check(command, action, path);
    }

    (NewExecution? Item, List<(string Reason, Violation Violation)> Problems) Check(StartCommand command, ActionDefinition action, string path)
    {
        var problems = new List<(string Reason, Violation Violation)>();
        if (!action.Enabled)
            problems.Add(("ACTION_DISABLED", new($"{path}action_ref", $"Action '{action.Ref}' is disabled. Enable it first.")));
        CheckTimeout(command, action, path, problems);
        if (command.Priority is < 0 or > 9)
            problems.Add(("PRIORITY_INVALID", new($"{path}priority", $"{command.Priority} is not between 0 (last) and 9 (first).")));
        foreach (var (name, value) in command.WorkerLabels)
        {
            if (!AdmitAgent.LabelName().IsMatch(name) || value.Length > 255)
                problems.Add(("LABELS_INVALID", new($"{path}worker_labels.{name}", "is no label: a name of [a-zA-Z0-9._/-], 63 at most, and a value of 255 at most.")));
        }

        foreach (var name in command.EnvVars.Keys)
        {
            if (!EnvName().IsMatch(name) || name.StartsWith("ATTUNE_", StringComparison.Ordinal))
                problems.Add(("ENV_VARS_INVALID", new($"{path}env_vars.{name}", "is no variable you may set: [A-Za-z_][A-Za-z0-9_]*, not ATTUNE_*.")));
        }

        if (!command.Trusted && command.Parameters.Span.IndexOf("\"$secret\""u8) >= 0)
            problems.Add(("PARAMETERS_INVALID", new($"{path}parameters", "the name '$secret' is reserved; use another one.")));

        foreach (var exposed in command.SealedPaths.Except(action.Parameters.SecretPaths))
        {
            problems.Add(("PARAMETERS_INVALID", new(
                $"{path}parameters.{exposed}", "was secret when it was given, and the action no longer says so. Start the action anew.")));
        }

        var outcome = action.Parameters.Validate(command.Parameters);
        foreach (var problem in outcome.Problems)
            problems.Add(("PARAMETERS_INVALID", new(problem.PathUnder($"{path}parameters"), problem.Message)));

        return problems.Count > 0 ? (null, problems) : (ToNew(command, action, outcome.Value), []);
    }

    NewExecution ToNew(StartCommand command, ActionDefinition action, ReadOnlyMemory<byte> parameters)
    {
        var labels = command.WorkerLabels.Count == 0 ? action.WorkerLabels : Overlay(action.WorkerLabels, command.WorkerLabels);
        return new()
        {
            Action = action,
            Requirement = command.WorkerLabels.Count == 0
                ? action.Requirement
                : PlacementRequirement.Create(action.RuntimeRef, action.RuntimeVersion, labels),
            Parameters = parameters,
            Config = secrets.Seal(parameters, action.Parameters),
            Timeout = command.Timeout ?? action.Timeout,
            Priority = (short)(command.Priority ?? DefaultPriority),
            WorkerLabels = labels,
            EnvVars = command.EnvVars,
            RerunOf = command.RerunOf,
        };
    }

    // Somebody may take weeks to answer what a workflow asks.
    static void CheckTimeout(StartCommand command, ActionDefinition action, string path, List<(string, Violation)> problems)
    {
        var max = action.IsWorkflow ? ActionMapping.WorkflowTimeout : TimeoutMax;
        if (command.Timeout is { } timeout && (timeout < TimeoutMin || timeout > max))
            problems.Add(("TIMEOUT_INVALID", new($"{path}timeout", $"{timeout.TotalSeconds:0.###} s is not between 1 s and {max.TotalDays:0} days.")));
    }

    async ValueTask<string> DescribeMissingAsync(string actionRef, CancellationToken ct)
    {
        if (actionRef is "")
            return "is empty. Name an action: pack.action.";
        var near = await catalog.NearestAsync(actionRef, ct);
        return near is null ? $"No action '{actionRef}'." : $"No action '{actionRef}'. Did you mean '{near}'?";
    }

    static Failure ToFailure(List<(string Reason, Violation Violation)> problems)
    {
        var failure = Failure.Invalid(problems[0].Reason, problems.ConvertAll(problem => problem.Violation));
        return problems.TrueForAll(problem => problem.Reason == "ACTION_NOT_FOUND")
            ? failure with { Kind = FailureKind.NotFound }
            : problems.TrueForAll(problem => problem.Reason == "ACTION_DISABLED") ? failure with { Kind = FailureKind.Refused } : failure;
    }

    static Dictionary<string, string> Overlay(
        IReadOnlyDictionary<string, string> under, IReadOnlyDictionary<string, string> over)
    {
        var result = new Dictionary<string, string>(under);
        foreach (var (name, value) in over)
            result[name] = value;
        return result;
    }

    [GeneratedRegex("^[A-Za-z_][A-Za-z0-9_]{0,127}$")]
    private static partial Regex EnvName();
}
