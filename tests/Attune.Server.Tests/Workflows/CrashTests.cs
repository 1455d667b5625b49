using Attune.Testing;
using Attune.V1;

namespace Attune.Server.Tests.Workflows;

/// <summary>What is lost on the way changes nothing: servers, connections, and runs that cannot be carried on.</summary>
public sealed class CrashTests
{
    const int Many = 150;

    static CancellationToken Soon => Waiting.SoonEnough;

    static string Chain(params string[] tasks)
        => "tasks:\n" + string.Concat(tasks.Select((task, index) => ConductBench.Echo(task, index + 1 < tasks.Length ? $", next: [{{do: {tasks[index + 1]}}}]" : "")));

    [Fact]
    public async Task A_step_whose_connection_dies_before_its_commit_is_taken_again_and_nothing_runs_twice()
    {
        await using var bench = await ConductBench.StartAsync(("line", Chain("one", "two", "three")));
        await using var agent = await ScriptedAgent.ConnectAsync(bench.Server);

        // Each step kills its connection the first time.
        await bench.ReadAsync<int>(
            """
            create sequence kills;
            create function kill() returns trigger language plpgsql as $$
            begin
                if nextval('kills') % 2 = 1 then
                    perform pg_terminate_backend(pg_backend_pid());
                    perform pg_sleep(60);
                end if;
                return null;
            end $$;
            create trigger kill after update of step on workflow_execution for each statement execute function kill();
            """);
        var id = await bench.RunAsync("line");

        Assert.Equal(ExecutionStatus.Completed, (await bench.UntilFinalAsync(id)).Status);
        Assert.Equal(["one", "two", "three"], agent.Begun);
        Assert.Equal(["one completed", "two completed", "three completed"], await bench.TasksAsync(id));
        Assert.Equal(8, await bench.ReadAsync<long>("select last_value from kills"));
        Assert.Equal(4, await bench.ReadAsync<long>("select step from workflow_execution"));
        await bench.AssertNothingIsLeftAsync();
    }

    [Fact]
    public async Task A_workflow_goes_on_at_a_server_that_never_saw_it()
    {
        await using var bench = await ConductBench.StartAsync(
            ("outer", """
            vars: {seen: []}
            tasks:
              first: {action: core.echo, input: {message: first}, next: [{publish: {seen: "{{ vars.seen + [result] }}"}, do: call}]}
              call: {action: flow.inner, input: {}, next: [{publish: {seen: "{{ vars.seen + [result.said, task.first.result] }}"}}]}
            output_map: {seen: "{{ vars.seen }}"}
            """),
            ("inner", """
            tasks:
              deep: {action: core.echo, input: {message: deep}, next: [{publish: {said: "{{ result }}"}}]}
            output_map: {said: "{{ vars.said }}"}
            """));
        await using var agent = await ScriptedAgent.ConnectAsync(bench.Server, _ => Reply.Later);
        var id = await bench.RunAsync("outer");
        await agent.UntilRunningAsync("first");

        await bench.Server.StopAsync(new(canceled: true));
        await using var second = await bench.StartReplicaAsync();
        await using var moved = await agent.MoveAsync(second);
        await moved.EndAsync("first", Reply.Gives("1"));
        await moved.UntilRunningAsync("deep");

        await second.StopAsync(new(canceled: true));
        await using var third = await bench.StartReplicaAsync();
        await using var again = await moved.MoveAsync(third);
        await again.EndAsync("deep", Reply.Gives("2"));

        var done = await ConductBench.UntilFinalAsync(third, id);
        Assert.Equal([1, 2, 1], done.Result.StructValue.Fields["seen"].ListValue.Values.Select(value => value.NumberValue));
        await bench.AssertNothingIsLeftAsync();
    }

    [Fact]
    public async Task What_happened_while_no_server_was_there_is_taken_by_the_next()
    {
        await using var bench = await ConductBench.StartAsync(("line", Chain("one", "two")));
        await using var agent = await ScriptedAgent.ConnectAsync(bench.Server, _ => Reply.Later);
        var id = await bench.RunAsync("line");
        await agent.UntilRunningAsync("one");
        await bench.Server.StopAsync(new(canceled: true));

        await bench.ReadAsync<int>("update execution set status = 'completed', finished_at = now() where parent = @id", new { id });
        await bench.ReadAsync<int>("delete from execution_queue");
        await using var second = await bench.StartReplicaAsync();
        await using var other = await ScriptedAgent.ConnectAsync(second, name: "two");

        Assert.Equal(ExecutionStatus.Completed, (await ConductBench.UntilFinalAsync(second, id)).Status);
        Assert.Equal(["two"], other.Begun);
        await bench.AssertNothingIsLeftAsync();
    }

    [Fact]
    public async Task Two_replicas_take_each_happening_once()
    {
        await using var bench = await ConductBench.StartAsync(("line", Chain("one", "two", "three")));
        await using var second = await bench.StartReplicaAsync();
        await using var here = await ScriptedAgent.ConnectAsync(bench.Server, name: "here");
        await using var there = await ScriptedAgent.ConnectAsync(second, name: "there");

        var ids = await bench.RunManyAsync("line", Many);
        var more = new StartExecutionsRequest();
        more.Items.Add(Enumerable.Range(0, Many).Select(_ => new StartExecutionsItem { ActionRef = "flow.line" }));
        ids = [.. ids, .. (await second.Executions.StartExecutionsAsync(more)).ExecutionIds];

        await Waiting.UntilAsync(
            async () => await bench.ReadAsync<long>("select count(*) from execution where is_workflow and status = 'completed'") == 2 * Many,
            "all to complete", Soon);
        Assert.Equal(2 * Many, ids.Distinct().Count());
        Assert.Equal(2 * Many * 3, await bench.ReadAsync<long>("select count(*) from execution where parent is not null"));
        Assert.Equal(2 * Many * 3, here.Begun.Count + there.Begun.Count);
        Assert.NotEmpty(here.Begun);
        Assert.NotEmpty(there.Begun);
        Assert.Equal(4, await bench.ReadAsync<long>("select max(step) from workflow_execution"));
        await bench.AssertNothingIsLeftAsync();
    }

    [Fact]
    public async Task A_run_whose_step_the_database_refuses_fails_alone()
    {
        await using var bench = await ConductBench.StartAsync(("good", Chain("one", "two")), ("bad", Chain("one", "poison")));
        await using var agent = await ScriptedAgent.ConnectAsync(bench.Server, _ => Reply.Later);
        await bench.ReadAsync<int>(
            """
            create function refuse() returns trigger language plpgsql as $$ begin raise exception 'not this one'; end $$;
            create trigger refuse before insert on execution for each row when (new.workflow_task ->> 'task_name' = 'poison') execute function refuse();
            """);
        var good = await bench.RunManyAsync("good", 10);
        var bad = await bench.RunAsync("bad");
        good = [.. good, .. await bench.RunManyAsync("good", 10)];
        await Waiting.UntilAsync(() => agent.Running.Count == 21, "all to run", Soon);

        agent.Script = _ => Reply.Completed;
        for (var count = 0; count < 21; count++)
            await agent.EndAsync("one", Reply.Completed);

        foreach (var id in good)
            Assert.Equal(ExecutionStatus.Completed, (await bench.UntilFinalAsync(id)).Status);
        var failed = await bench.UntilFinalAsync(bad);
        Assert.Equal((ExecutionStatus.Failed, "WORKFLOW_BROKEN"), (failed.Status, failed.Error.Reason));
        Assert.Contains("not this one", failed.Error.Message);
        Assert.Equal(40, await bench.ReadAsync<long>("select count(*) from execution where action_ref = 'core.echo' and parent <> @bad", new { bad }));
        await bench.AssertNothingIsLeftAsync();
    }

    [Fact]
    public async Task A_run_whose_state_cannot_be_read_fails_alone_and_stops_what_it_started()
    {
        await using var bench = await ConductBench.StartAsync(("line", Chain("one", "two")), ("fan", "tasks:\n" + ConductBench.Echo("left") + ConductBench.Echo("right")));
        await using var agent = await ScriptedAgent.ConnectAsync(bench.Server, _ => Reply.Later);
        var bad = await bench.RunAsync("fan");
        await agent.UntilRunningAsync("left", "right");
        await bench.ReadAsync<int>("""update workflow_execution set state = '[1]', step = step + 1""");
        agent.Script = name => name is "left" or "right" ? Reply.Later : Reply.Completed;
        var good = await bench.RunAsync("line");
        await agent.EndAsync("left", Reply.Completed);

        Assert.Equal(ExecutionStatus.Completed, (await bench.UntilFinalAsync(good)).Status);
        var failed = await bench.UntilFinalAsync(bad);
        Assert.Equal((ExecutionStatus.Failed, "WORKFLOW_BROKEN"), (failed.Status, failed.Error.Reason));
        await Waiting.UntilAsync(async () => (await bench.TasksAsync(bad)).SequenceEqual(["left completed", "right cancelled"]), "the other to be stopped", Soon);
        await Waiting.UntilAsync(async () => await bench.ReadAsync<long>("select count(*) from workflow_happening") == 0, "all is taken", Soon);
        await bench.AssertNothingIsLeftAsync();
    }
}
