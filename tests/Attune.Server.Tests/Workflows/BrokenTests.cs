using Attune.Server.Hosting;
using Attune.Server.Workflows;
using Attune.Testing;
using Attune.V1;

namespace Attune.Server.Tests.Workflows;

/// <summary>Runs that cannot be carried on, for good or by this server.</summary>
public sealed class BrokenTests
{
    static readonly Caller Ada = new() { IdentityId = 0, Login = "ada", Grants = [new("*", ["*"], [])] };

    static CancellationToken Soon => Waiting.SoonEnough;

    [Fact]
    public async Task One_that_failed_for_that_starts_nothing_any_more_and_cannot_be_gone_on_with()
    {
        await using var bench = await ConductBench.StartAsync(("bad",
            "tasks:\n" + ConductBench.Echo("one", ", next: [{do: poison}]") + ConductBench.Echo("poison")
            + ConductBench.Echo("right", ", next: [{when: \"{{ cancelled() }}\", do: after}]") + ConductBench.Echo("after")));
        await using var agent = await ScriptedAgent.ConnectAsync(bench.Server, _ => Reply.Later);
        await bench.ReadAsync<int>(
            """
            create function refuse() returns trigger language plpgsql as $$ begin raise exception 'not this one'; end $$;
            create trigger refuse before insert on execution for each row when (new.workflow_task ->> 'task_name' = 'poison') execute function refuse();
            """);
        var id = await bench.RunAsync("bad");
        await agent.UntilRunningAsync("one", "right");

        await agent.EndAsync("one", Reply.Completed);
        Assert.Equal("WORKFLOW_BROKEN", (await bench.UntilFinalAsync(id)).Error.Reason);
        await Waiting.UntilAsync(
            async () => (await bench.TasksAsync(id)).Contains("right cancelled")
                && await bench.ReadAsync<long>("select count(*) from workflow_happening") == 0,
            "the other task is stopped, and that is taken", Soon);
        await bench.ReadAsync<int>("drop trigger refuse on execution");

        Assert.Equal(["one completed", "right cancelled"], await bench.TasksAsync(id));
        Assert.Equal("WORKFLOW_BROKEN", await ReasonAsync(bench, new() { ExecutionId = id, Kind = OperationKind.Rerun, Tasks = ["one"] }));
        Assert.Equal(
            "WORKFLOW_BROKEN",
            await ReasonAsync(bench, new() { ExecutionId = id, Kind = OperationKind.EditResult, Tasks = ["one"], Value = "1", Recorded = "1" }));
        Assert.Equal(ExecutionStatus.Failed, (await bench.GetAsync(id)).Status);
        await bench.AssertNothingIsLeftAsync();
    }

    [Fact]
    public async Task A_run_that_can_be_neither_carried_on_nor_failed_is_left_alone_and_leaves_nothing_in_memory()
    {
        await using var bench = await ConductBench.StartAsync(("line",
            "tasks:\n" + ConductBench.Echo("one", ", next: [{do: all}]")
            + "  all: {action: core.echo, with_items: \"{{ [1, 2] }}\", input: {message: \"{{ string(item) }}\"}}\n"));
        await using var agent = await ScriptedAgent.ConnectAsync(bench.Server, name => name is "one" ? Reply.Later : Reply.Completed);
        var id = await bench.RunAsync("line");
        await agent.UntilRunningAsync("one");
        var run = await bench.RunOfAsync(id);
        Assert.True(bench.Get<WorkflowCache>().TryGet(run, 1, out var before));
        await bench.Get<ConductLoop>().StopAsync(Soon);
        await bench.ReadAsync<int>(
            """
            create function refuse() returns trigger language plpgsql as $$ begin raise exception 'not now'; end $$;
            create trigger refuse before update of step on workflow_execution for each statement execute function refuse();
            """);
        await agent.EndAsync("one", Reply.Completed);
        await Waiting.UntilAsync(async () => await bench.ReadAsync<long>("select count(*) from workflow_happening") == 1, "it is known", Soon);

        // It ends, though nothing could be done.
        await bench.Get<ConductWorkflows>().RunOneAsync(run, Soon);
        Assert.Equal(1, await bench.ReadAsync<long>("select count(*) from workflow_happening"));
        Assert.DoesNotContain(before.Values.All, each => each.Key.Kind is Attune.Engine.Workflows.KeptKind.Items);

        // It is left alone for a minute, and whoever asks for it again is not.
        var round = await bench.Get<ConductWorkflows>().RunAsync(Soon);
        Assert.Equal((0, false, false), (round.Taken, round.IsFull, round.Left));
        Assert.NotNull(round.NextWakeAt);
        await bench.ReadAsync<int>("drop trigger refuse on workflow_execution");
        await bench.Get<ConductWorkflows>().RunOneAsync(run, Soon);
        Assert.Equal(0, await bench.ReadAsync<long>("select count(*) from workflow_happening"));
        Assert.True(bench.Get<WorkflowCache>().TryGet(run, 2, out var after));
        Assert.Contains(after.Values.All, each => each.Key.Kind is Attune.Engine.Workflows.KeptKind.Items);
    }

    [Fact]
    public async Task Those_that_are_left_alone_stand_before_nobody()
    {
        await using var bench = await ConductBench.StartAsync(("line", "tasks:\n" + ConductBench.Echo("one")));
        await bench.Get<ConductLoop>().StopAsync(Soon);
        var runs = new List<long>();
        foreach (var id in await bench.RunManyAsync("line", 2))
            runs.Add(await bench.RunOfAsync(id));
        await bench.ReadAsync<int>("delete from workflow_happening");
        await bench.ReadAsync<int>(
            "insert into workflow_happening (workflow_execution, kind, detail) select @first, 'resume', '{}' from generate_series(1, 3500)", new { first = runs[0] });
        await bench.ReadAsync<int>("insert into workflow_happening (workflow_execution, kind) values (@second, 'started')", new { second = runs[1] });

        await using var connection = await bench.Server.Database.Db.OpenConnectionAsync(Soon);
        await using var transaction = await connection.BeginTransactionAsync(Soon);
        var claimed = await ClaimWorkflows.RunAsync(connection, new(null, [runs[0]]), TimeProvider.System.GetUtcNow(), Soon);

        Assert.Equal([runs[1]], claimed.Held.Select(run => run.Id));
        Assert.False(claimed.Left);
    }

    [Fact]
    public async Task A_server_without_the_master_key_leaves_runs_with_secrets_to_those_that_have_it()
    {
        await using var bench = await ConductBench.StartAsync();
        await bench.InstallAsync("parameters: {password: {type: string, secret: true}}\n", ("sealed", "tasks:\n" + ConductBench.Echo("one")));
        await bench.Get<ConductLoop>().StopAsync(Soon);
        var id = await bench.RunAsync("sealed", """{"password": "hunter2"}""");

        // Sealed by a key that this server does not have: as where its file of keys was lost or is another one.
        var config = await bench.ReadAsync<string>("select config::text from execution where id = @id", new { id });
        await bench.ReadAsync<int>(
            """update execution set config = regexp_replace(config::text, 'v1:[a-z]+:', 'v1:other:')::jsonb where id = @id""", new { id });
        Assert.NotEqual(config, await bench.ReadAsync<string>("select config::text from execution where id = @id", new { id }));
        Assert.Equal(0, (await bench.Get<ConductWorkflows>().RunAsync(Soon)).Taken);
        Assert.Equal(["requested started"], await bench.ListAsync("select w.status || ' ' || h.kind from workflow_execution w join workflow_happening h on h.workflow_execution = w.id"));

        await bench.ReadAsync<int>("update execution set config = @config::jsonb where id = @id", new { id, config });
        await bench.Get<ConductWorkflows>().RunOneAsync(await bench.RunOfAsync(id), Soon);
        Assert.Equal(["one"], (await bench.TasksAsync(id)).Select(task => task.Split(' ')[0]));
    }

    static async Task<string> ReasonAsync(ConductBench bench, WorkflowOperation operation)
        => (await bench.Get<OperateWorkflow>().RunAsync(Ada, operation, Soon)).IsOk(out _, out var failure) ? "" : failure.Reason;
}
