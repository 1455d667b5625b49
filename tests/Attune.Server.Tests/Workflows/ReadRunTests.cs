using Attune.Server.Executions;
using Attune.Server.Tests.Packs;
using Attune.Testing;
using Attune.V1;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;
using ExecutionStatus = Attune.V1.ExecutionStatus;

namespace Attune.Server.Tests.Workflows;

/// <summary>Runs of workflows for readers: where they stand, and why.</summary>
public sealed class ReadRunTests : IAsyncLifetime
{
    PackBench bench = null!;
    TreeRows rows = null!;

    public async Task InitializeAsync()
    {
        bench = await PackBench.StartAsync();
        rows = new(bench);
    }

    public async Task DisposeAsync() => await bench.DisposeAsync();

    WorkflowService.WorkflowServiceClient Workflows => new(bench.Server.Admin);

    static CancellationToken Soon => Waiting.SoonEnough;

    [Fact]
    public async Task A_run_tells_its_variables_and_every_change_but_no_secret()
    {
        var root = await rows.WorkflowAsync(paused: true);
        var box = bench.Server.Services.GetRequiredService<ParameterSecrets>();
        await bench.ReadAsync<int>(
            """
            with run as (
                update workflow_execution set variables = '{"image": "shop:2"}' where execution = @root returning id
            )
            insert into workflow_edit (workflow_execution, login, kind, tasks, reason, value)
            select id, 'ada', kind, tasks, reason, value::jsonb
            from run, (values ('pause', '{}'::text[], 'night', null), ('edit_input', '{build}', null, @value)) edit (kind, tasks, reason, value)
            """,
            new { root, value = $$"""{"host": "a", "password": {{box.SealWhole("\"hush\"")}}}""" });

        var run = (await Workflows.GetWorkflowExecutionAsync(new() { ExecutionId = root }, cancellationToken: Soon)).WorkflowExecution;

        Assert.Equal((root, true, "night"), (run.Execution.Id, run.Paused, run.PauseReason));
        Assert.True(run.Execution.IsWorkflow);
        Assert.Equal("shop:2", run.Variables.Fields["image"].StringValue);
        Assert.Equal(["build", "install", "approve", "deep"], run.Tasks.Select(task => task.Name));
        Assert.Equal(["build", "install", "approve", "deep"], run.Graph.Select(task => task.Name));
        Assert.Equal([("pause", "night"), ("edit_input", "")], run.Edits.Select(edit => (edit.Kind, edit.Reason)));
        Assert.Equal("***", run.Edits[1].Value.StructValue.Fields["password"].StringValue);
        Assert.Equal("a", run.Edits[1].Value.StructValue.Fields["host"].StringValue);
        Assert.DoesNotContain("hush", run.ToString());
    }

    [Fact]
    public async Task A_task_says_which_task_it_is_and_that_it_is_no_workflow()
    {
        var root = await rows.WorkflowAsync();
        var item = await rows.TaskAsync(root, "install", "running", item: 0);

        var execution = (await bench.Server.Executions.GetExecutionAsync(new() { ExecutionId = item })).Execution;
        var listed = (await bench.Server.Executions.ListExecutionsAsync(new() { ParentId = root })).Executions.Single();
        var refused = await RefusedCall.OfAsync(() => Workflows.GetWorkflowExecutionAsync(new() { ExecutionId = item }).ResponseAsync);

        foreach (var told in new[] { execution, listed })
            Assert.Equal(("install", true, 0, root, false), (told.TaskName, told.HasItemIndex, told.ItemIndex, told.ParentId, told.IsWorkflow));
        Assert.Equal((StatusCode.FailedPrecondition, "NOT_A_WORKFLOW"), (refused.Code, refused.Reason));
        Assert.Contains($"task install of workflow {root}", refused.Message);
    }

    [Fact]
    public async Task A_run_that_is_not_there_or_in_somebody_elses_pack_is_not_found()
    {
        var root = await rows.WorkflowAsync();
        var narrow = await bench.LoginWithAsync("""[{"resource": "executions", "actions": ["*"], "constraints": {"packs": ["other"]}}]""");
        var workflows = new WorkflowService.WorkflowServiceClient(bench.Server.Anonymous);

        foreach (var call in new Func<Task>[]
        {
            () => Workflows.GetWorkflowExecutionAsync(new() { ExecutionId = 4711 }).ResponseAsync,
            () => workflows.GetWorkflowExecutionAsync(new() { ExecutionId = root }, narrow).ResponseAsync,
            () => workflows.PauseWorkflowAsync(new() { ExecutionId = root }, narrow).ResponseAsync,
            () => workflows.ResumeWorkflowAsync(new() { ExecutionId = root }, narrow).ResponseAsync,
            () => workflows.RerunTasksAsync(new() { ExecutionId = root, TaskNames = { "build" } }, narrow).ResponseAsync,
            () => workflows.EditTaskAsync(new() { ExecutionId = root, TaskName = "build" }, narrow).ResponseAsync,
        })
        {
            Assert.Equal("EXECUTION_NOT_FOUND", (await RefusedCall.OfAsync(call)).Reason);
        }
    }

    [Theory]
    [InlineData("core.viewer", "executions:pause", "executions:edit")]
    [InlineData("core.executor", null, "executions:edit")]
    [InlineData("core.editor", null, null)]
    public async Task Pausing_and_editing_are_rights_of_their_own(string permissionSet, string? pause, string? edit)
    {
        var root = await rows.WorkflowAsync(status: "completed");
        var grants = await bench.ReadAsync<string>("select grants::text from permission_set where ref = @permissionSet", new { permissionSet });
        var login = await bench.LoginWithAsync(grants!);
        var workflows = new WorkflowService.WorkflowServiceClient(bench.Server.Anonymous);

        // Whoever may, is told that there is nothing to pause, or no such task.
        Assert.Equal(
            pause is null ? "WORKFLOW_FINISHED" : "PERMISSION_DENIED",
            (await RefusedCall.OfAsync(() => workflows.PauseWorkflowAsync(new() { ExecutionId = root }, login).ResponseAsync)).Reason);
        Assert.Equal(
            edit is null ? "TASK_NOT_FOUND" : "PERMISSION_DENIED",
            (await RefusedCall.OfAsync(() => workflows.RerunTasksAsync(new() { ExecutionId = root, TaskNames = { "biuld" } }, login).ResponseAsync)).Reason);
    }

    [Fact]
    public async Task Why_a_workflow_waits_is_why_its_tasks_do()
    {
        var root = await rows.WorkflowAsync();
        var install = await rows.TaskAsync(root, "install", "running", item: 3);
        var asking = await rows.TaskAsync(root, "approve", "running", run: 2);
        var inquiry = await rows.AskAsync(asking, "Go on?");

        var why = await WhyAsync(root);
        var whyTask = await WhyAsync(asking);

        Assert.Equal("Waits for 2 tasks: install, approve.", why.Summary);
        Assert.Equal(
            [
                ("WAITS_FOR_TASKS", $"Task install [3] (execution {install}) runs on agent edge-1"),
                ("WAITS_FOR_ANSWER", $"Task approve waits for an answer to inquiry {inquiry}: Go on?"),
            ],
            why.Reasons.Select(reason => (reason.Code, reason.Sentence)));
        Assert.Equal("WAITS_FOR_ANSWER", Assert.Single(whyTask.Reasons).Code);
        Assert.Equal($"Waits for an answer to inquiry {inquiry}: Go on?", whyTask.Summary);
    }

    [Fact]
    public async Task A_paused_workflow_says_so_first()
    {
        var root = await rows.WorkflowAsync(paused: true);
        await rows.TaskAsync(root, "build", "running");

        var why = await WhyAsync(root);

        Assert.Equal(["WORKFLOW_PAUSED", "WAITS_FOR_TASKS"], why.Reasons.Select(reason => reason.Code));
        Assert.Equal("Is paused: night. Not over yet: task build.", why.Summary);
    }

    [Fact]
    public async Task A_workflow_that_ended_ran_on_no_agent()
    {
        var root = await rows.WorkflowAsync(status: "completed");

        Assert.Equal("Completed.", (await WhyAsync(root)).Summary);
        Assert.Equal(ExecutionStatus.Completed, (await bench.Server.Executions.GetExecutionAsync(new() { ExecutionId = root })).Execution.Status);
    }

    async Task<ExplainExecutionResponse> WhyAsync(long id)
        => await bench.Server.Executions.ExplainExecutionAsync(new() { ExecutionId = id }, cancellationToken: Soon);
}
