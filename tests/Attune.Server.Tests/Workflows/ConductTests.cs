using Attune.Testing;
using Attune.V1;

namespace Attune.Server.Tests.Workflows;

/// <summary>A workflow from its start to its end, on real agents' wire and a real database.</summary>
public sealed class ConductTests
{
    static CancellationToken Soon => Waiting.SoonEnough;

    static string Echo(string task, string more = "") => ConductBench.Echo(task, more);

    [Fact]
    public async Task Tasks_run_one_after_the_other_and_the_output_is_what_they_published()
    {
        await using var bench = await ConductBench.StartAsync(("line",
            """
            vars: {}
            tasks:
              one: {action: core.echo, input: {message: one}, next: [{publish: {first: "{{ result }}"}, do: two}]}
              two: {action: core.echo, input: {message: "two after {{ vars.first }}"}, next: [{publish: {second: "{{ result }}"}}]}
            output_map: {said: "{{ vars.second }}", by: "{{ execution.executor }}"}
            """));
        await using var agent = await ScriptedAgent.ConnectAsync(bench.Server, name => Reply.Gives($"\"did {name}\""));

        var id = await bench.RunAsync("line");
        var done = await bench.UntilFinalAsync(id);

        Assert.Equal(ExecutionStatus.Completed, done.Status);
        Assert.Equal("did two after did one", done.Result.StructValue.Fields["said"].StringValue);
        Assert.Equal("admin", done.Result.StructValue.Fields["by"].StringValue);
        Assert.Equal(["one completed", "two completed"], await bench.TasksAsync(id));
        Assert.Equal(["{two}|{}|completed"], await bench.ListAsync("select completed_tasks[2:2]::text || '|' || current_tasks::text || '|' || status from workflow_execution"));
        await bench.AssertNothingIsLeftAsync();
    }

    [Fact]
    public async Task Branches_run_at_the_same_time_and_a_join_waits_for_all_of_them()
    {
        await using var bench = await ConductBench.StartAsync(("fan",
            $"""
            tasks:
              start: {"{"}action: core.echo, input: {"{"}message: start{"}"}, next: [{"{"}do: [left, right]{"}"}]{"}"}
            {Echo("left", ", next: [{publish: {left: 1}, do: end}]")}{Echo("right", ", next: [{publish: {right: 2}, do: end}]")}{Echo("end", ", join: all")}
            output_map: {"{"}sum: "{"{{"} vars.left + vars.right {"}}"}"{"}"}
            """));
        await using var agent = await ScriptedAgent.ConnectAsync(bench.Server, name => name is "left" or "right" ? Reply.Later : Reply.Completed);

        var id = await bench.RunAsync("fan");
        await agent.UntilRunningAsync("left", "right");
        await agent.EndAsync("right", Reply.Completed);
        await Waiting.UntilAsync(
            async () => await bench.ReadAsync<bool>("select '{start,right}' <@ completed_tasks from workflow_execution"), "it is taken", Soon);
        Assert.Equal(["start", "left", "right"], (await bench.TasksAsync(id)).Select(each => each.Split(' ')[0]));
        await agent.EndAsync("left", Reply.Completed);

        Assert.Equal(3, (await bench.UntilFinalAsync(id)).Result.StructValue.Fields["sum"].NumberValue);
        await bench.AssertNothingIsLeftAsync();
    }

    [Fact]
    public async Task Executions_of_items_are_made_as_they_start()
    {
        await using var bench = await ConductBench.StartAsync(("items",
            """
            tasks:
              all:
                action: core.echo
                with_items: "{{ range(20) }}"
                concurrency: 3
                input: {message: "{{ string(item) }}"}
                next: [{publish: {results: "{{ result }}"}}]
            output_map: {results: "{{ vars.results }}"}
            """));
        await using var agent = await ScriptedAgent.ConnectAsync(bench.Server, _ => Reply.Later);

        var id = await bench.RunAsync("items");
        await agent.UntilRunningAsync("0", "1", "2");
        Assert.Equal(3, await bench.ReadAsync<long>("select count(*) from execution where parent = @id", new { id }));

        // The others end at once, in whatever order; the first three last.
        agent.Script = name => Reply.Gives(name);
        await agent.EndAsync("1", Reply.Gives("1"));
        await Waiting.UntilAsync(() => agent.Begun.Count == 20, "all but two to have run", Soon);
        await agent.EndAsync("2", Reply.Gives("2"));
        await agent.EndAsync("0", Reply.Gives("0"));

        var results = (await bench.UntilFinalAsync(id)).Result.StructValue.Fields["results"].ListValue.Values;
        Assert.Equal(Enumerable.Range(0, 20), results.Select(value => (int)value.NumberValue));
        Assert.Equal(20, await bench.ReadAsync<long>("select count(*) from execution where parent = @id", new { id }));
        await bench.AssertNothingIsLeftAsync();
    }

    [Fact]
    public async Task A_task_that_fails_is_tried_again_after_its_delay()
    {
        await using var bench = await ConductBench.StartAsync(("again",
            $"""
            tasks:
            {Echo("shaky", ", retry: {count: 2, delay: 0.2}, next: [{publish: {was: \"{{ result }}\"}}]")}
            output_map: {"{"}was: "{"{{"} vars.was {"}}"}"{"}"}
            """));
        var tries = 0;
        await using var agent = await ScriptedAgent.ConnectAsync(
            bench.Server, _ => Interlocked.Increment(ref tries) < 3 ? Reply.Fails() : Reply.Gives("3"));

        var id = await bench.RunAsync("again");
        var done = await bench.UntilFinalAsync(id);

        Assert.Equal(ExecutionStatus.Completed, done.Status);
        Assert.Equal(3, done.Result.StructValue.Fields["was"].NumberValue);
        Assert.Equal(["shaky failed", "shaky failed", "shaky completed"], await bench.TasksAsync(id));
        Assert.Equal(
            ["0 of 2", "1 of 2", "2 of 2"],
            await bench.ListAsync("select retry_count || ' of ' || max_retries from workflow_task_detail order by execution"));
    }

    [Fact]
    public async Task A_failure_that_nothing_handles_fails_the_workflow_with_the_tasks_error()
    {
        await using var bench = await ConductBench.StartAsync(("fails", $"tasks:\n{Echo("one", ", next: [{do: two}]")}{Echo("two")}"));
        await using var agent = await ScriptedAgent.ConnectAsync(bench.Server, _ => Reply.Fails("NO_DISK"));

        var id = await bench.RunAsync("fails");
        var done = await bench.UntilFinalAsync(id);

        Assert.Equal(ExecutionStatus.Failed, done.Status);
        Assert.Contains("NO_DISK", done.Error.Message);
        Assert.Equal(["one failed"], await bench.TasksAsync(id));
        Assert.Equal(["{one} {two} failed"], await bench.ListAsync("select failed_tasks::text || ' ' || skipped_tasks::text || ' ' || status from workflow_execution"));
        await bench.AssertNothingIsLeftAsync();
    }

    [Fact]
    public async Task A_task_that_cannot_be_started_has_failed_and_says_why()
    {
        await using var bench = await ConductBench.StartAsync(("bad",
            """
            tasks:
              sleep:
                action: core.sleep
                input: {seconds: "{{ 0 - 1 }}"}
                next: [{when: "{{ failed() }}", publish: {why: "{{ error.reason }}: {{ error.message }}"}, do: gone}]
              gone: {action: core.echo, next: [{when: "{{ failed() }}", publish: {then: "{{ error.reason }}"}}]}
            output_map: {why: "{{ vars.why }}", then: "{{ vars.then }}"}
            """));
        await bench.ReadAsync<int>("update workflow_definition set definition = replace(definition::text, 'core.echo', 'core.gone')::jsonb");

        var id = await bench.RunAsync("bad");
        var done = await bench.UntilFinalAsync(id);

        Assert.Equal(ExecutionStatus.Completed, done.Status);
        Assert.StartsWith("PARAMETERS_INVALID: parameters.seconds", done.Result.StructValue.Fields["why"].StringValue);
        Assert.Equal("ACTION_NOT_FOUND", done.Result.StructValue.Fields["then"].StringValue);
        Assert.Equal(["sleep failed", "gone failed"], await bench.TasksAsync(id));
        await bench.AssertNothingIsLeftAsync();
    }

    [Fact]
    public async Task A_workflow_that_takes_too_long_ends_as_timeout_and_stops_what_runs()
    {
        await using var bench = await ConductBench.StartAsync(("slow", $"timeout: 1\ntasks:\n{Echo("long")}"));
        await using var agent = await ScriptedAgent.ConnectAsync(bench.Server, _ => Reply.Later);

        var id = await bench.RunAsync("slow");
        var done = await bench.UntilFinalAsync(id);

        Assert.Equal((ExecutionStatus.Timeout, "TIMEOUT"), (done.Status, done.Error.Reason));
        Assert.Equal(["long cancelled"], await bench.TasksAsync(id));
        await bench.AssertNothingIsLeftAsync();
    }

    [Theory]
    [InlineData("allow_finish", "runs completed")]
    [InlineData("cancel_running", "runs cancelled")]
    public async Task A_cancelled_workflow_lets_its_tasks_end_or_stops_them(string policy, string outcome)
    {
        await using var bench = await ConductBench.StartAsync(
            ("stop", $"cancellation: {policy}\ntasks:\n{Echo("runs", ", next: [{do: next}]")}{Echo("next")}"));
        await using var agent = await ScriptedAgent.ConnectAsync(bench.Server, _ => Reply.Later);
        var id = await bench.RunAsync("stop");
        await agent.UntilRunningAsync("runs");

        var asked = (await bench.Server.Executions.CancelExecutionAsync(new() { ExecutionId = id, Reason = "enough" })).Execution;
        Assert.Contains(asked.Status, new[] { ExecutionStatus.Canceling, ExecutionStatus.Cancelled });
        await Waiting.UntilAsync(async () => await bench.ReadAsync<long>("select count(*) from workflow_happening where kind = 'cancel'") == 0, "it is taken", Soon);
        if (policy is "allow_finish")
        {
            Assert.Equal(ExecutionStatus.Canceling, (await bench.GetAsync(id)).Status);
            await agent.EndAsync("runs", Reply.Completed);
        }

        var done = await bench.UntilFinalAsync(id);
        Assert.Equal((ExecutionStatus.Cancelled, "CANCELLED"), (done.Status, done.Error.Reason));
        Assert.Contains("enough", done.Error.Message);
        Assert.Equal([outcome], await bench.TasksAsync(id));
        await bench.AssertNothingIsLeftAsync();
    }

    [Fact]
    public async Task What_waits_in_the_queue_is_cancelled_with_its_workflow_at_once()
    {
        await using var bench = await ConductBench.StartAsync(("stop", $"cancellation: cancel_running\ntasks:\n{Echo("waits")}"));
        var id = await bench.RunAsync("stop");
        await Waiting.UntilAsync(async () => await bench.ReadAsync<long>("select count(*) from execution_queue") == 1, "it waits", Soon);

        await bench.Server.Executions.CancelExecutionAsync(new() { ExecutionId = id });

        Assert.Equal(ExecutionStatus.Cancelled, (await bench.UntilFinalAsync(id)).Status);
        Assert.Equal(["waits cancelled"], await bench.TasksAsync(id));
        await bench.AssertNothingIsLeftAsync();
    }

    [Fact]
    public async Task A_workflow_calls_another_and_gets_its_output()
    {
        await using var bench = await ConductBench.StartAsync(
            ("outer", "tasks:\n  call: {action: flow.inner, input: {}, next: [{publish: {got: \"{{ result.said }}\"}}]}\noutput_map: {got: \"{{ vars.got }}\"}"),
            ("inner", $"tasks:\n{Echo("deep", ", next: [{publish: {said: \"{{ result }}\"}}]")}\noutput_map: {"{"}said: \"{"{{"} vars.said {"}}"}\"{"}"}"));
        await using var agent = await ScriptedAgent.ConnectAsync(bench.Server, _ => Reply.Gives("\"hello\""));

        var id = await bench.RunAsync("outer");

        Assert.Equal("hello", (await bench.UntilFinalAsync(id)).Result.StructValue.Fields["got"].StringValue);
        Assert.Equal(["0 completed", "1 completed"], await bench.ListAsync("select depth || ' ' || status from workflow_execution order by id"));
        await bench.AssertNothingIsLeftAsync();
    }

    [Fact]
    public async Task Workflows_that_call_each_other_for_ever_are_stopped_ten_deep()
    {
        await using var bench = await ConductBench.StartAsync(
            ("ping", "tasks:\n  call: {action: flow.pong, input: {}}\n"), ("pong", "tasks:\n  call: {action: flow.ping, input: {}}\n"));

        var done = await bench.UntilFinalAsync(await bench.RunAsync("ping"));

        Assert.Equal((ExecutionStatus.Failed, "SUBWORKFLOW_TOO_DEEP"), (done.Status, done.Error.Reason));
        Assert.Equal(["SUBWORKFLOW_TOO_DEEP"], await bench.ListAsync("select error ->> 'reason' from execution where not is_workflow"));
        Assert.Equal((11, 10), (await bench.ReadAsync<int>("select count(*) from workflow_execution"), await bench.ReadAsync<int>("select max(depth) from workflow_execution")));
        await bench.AssertNothingIsLeftAsync();
    }

    [Fact]
    public async Task A_workflow_that_lets_its_tasks_end_still_cancels_those_that_it_called()
    {
        await using var bench = await ConductBench.StartAsync(
            ("outer", "tasks:\n  call: {action: flow.inner, input: {}}\n"),
            ("inner", $"tasks:\n{Echo("deep", ", next: [{do: deeper}]")}{Echo("deeper")}"));
        await using var agent = await ScriptedAgent.ConnectAsync(bench.Server, _ => Reply.Later);
        var id = await bench.RunAsync("outer");
        await agent.UntilRunningAsync("deep");

        await bench.Server.Executions.CancelExecutionAsync(new() { ExecutionId = id });
        await Waiting.UntilAsync(
            async () => await bench.ReadAsync<long>("select count(*) from workflow_happening") == 0, "both have taken it", Soon);
        await agent.EndAsync("deep", Reply.Completed);

        Assert.Equal(ExecutionStatus.Cancelled, (await bench.UntilFinalAsync(id)).Status);
        Assert.Equal(["flow.outer cancelled", "flow.inner cancelled", "core.echo completed"], await bench.ListAsync("select action_ref || ' ' || status from execution order by id"));
        Assert.Equal(["deep"], agent.Begun);
        await bench.AssertNothingIsLeftAsync();
    }

    [Fact]
    public async Task A_cancellation_reaches_what_the_workflow_called()
    {
        await using var bench = await ConductBench.StartAsync(
            ("outer", "cancellation: cancel_running\ntasks:\n  call: {action: flow.inner, input: {}}\n"),
            ("inner", $"cancellation: cancel_running\ntasks:\n{Echo("deep")}"));
        await using var agent = await ScriptedAgent.ConnectAsync(bench.Server, _ => Reply.Later);
        var id = await bench.RunAsync("outer");
        await agent.UntilRunningAsync("deep");

        await bench.Server.Executions.CancelExecutionAsync(new() { ExecutionId = id });

        Assert.Equal(ExecutionStatus.Cancelled, (await bench.UntilFinalAsync(id)).Status);
        Assert.Equal(["flow.outer cancelled", "flow.inner cancelled", "core.echo cancelled"], await bench.ListAsync("select action_ref || ' ' || status from execution order by id"));
        await bench.AssertNothingIsLeftAsync();
    }

    [Fact]
    public async Task A_rule_starts_a_workflow_in_the_transaction_of_its_event()
    {
        await using var bench = await ConductBench.StartAsync();
        await bench.InstallAsync("parameters: {who: {type: string}}\n", ("greet",
            "tasks:\n  hello: {action: core.echo, input: {message: \"hello {{ parameters.who }}\"}}\n"));
        await using var agent = await ScriptedAgent.ConnectAsync(bench.Server);
        await new TriggerService.TriggerServiceClient(bench.Server.Admin).CreateTriggerAsync(new() { Trigger = new() { Ref = "flow.came", Label = "Came" } });
        var rule = new Rule { Ref = "flow.welcome", Label = "Welcome", TriggerRef = "flow.came", ActionRef = "flow.greet" };
        rule.ActionParams = Google.Protobuf.WellKnownTypes.Struct.Parser.ParseJson("""{"who": "{{ event.payload.name }}"}""");
        Assert.Empty((await new RuleService.RuleServiceClient(bench.Server.Admin).CreateRuleAsync(new() { Rule = rule })).Rule.Problems);

        var emitted = await new EventService.EventServiceClient(bench.Server.Admin).EmitEventAsync(new()
        {
            TriggerRef = "flow.came",
            Payload = Google.Protobuf.WellKnownTypes.Struct.Parser.ParseJson("""{"name": "Ada"}"""),
        });

        var done = await bench.UntilFinalAsync(Assert.Single(emitted.ExecutionIds));
        Assert.Equal((ExecutionStatus.Completed, "flow.welcome"), (done.Status, done.RuleRef));
        Assert.Equal(["hello Ada"], agent.Begun);
        await bench.AssertNothingIsLeftAsync();
    }

    [Fact]
    public async Task Secrets_are_sealed_wherever_a_workflow_keeps_something()
    {
        const string Secret = "hunter2hunter2";
        await using var bench = await ConductBench.StartAsync();
        await bench.InstallAsync(
            "parameters: {password: {type: string, secret: true}}\n",
            ("inner", "tasks:\n" + Echo("deep")),
            ("outer", "tasks:\n  call: {action: flow.inner, input: {password: \"{{ parameters.password }}\"}}\n"));
        await using var agent = await ScriptedAgent.ConnectAsync(bench.Server);

        var done = await bench.UntilFinalAsync(await bench.RunAsync("outer", $$"""{"password": "{{Secret}}"}"""));

        Assert.Equal(ExecutionStatus.Completed, done.Status);
        Assert.Equal("***", done.Parameters.Fields["password"].StringValue);
        Assert.Equal(2, await bench.ReadAsync<long>("select count(*) from execution where config::text like '%$secret%'"));
        Assert.Equal(0, await bench.ReadAsync<long>(
            "select count(*) from execution e left join workflow_execution w on w.execution = e.id where e::text || coalesce(w::text, '') like '%' || @Secret || '%'",
            new { Secret }));
    }

    [Fact]
    public async Task A_workflow_is_listed_as_unfinished_and_explained_and_started_again()
    {
        await using var bench = await ConductBench.StartAsync(("stays", $"tasks:\n{Echo("one")}"));
        await using var agent = await ScriptedAgent.ConnectAsync(bench.Server, _ => Reply.Later);
        var id = await bench.RunAsync("stays");
        await agent.UntilRunningAsync("one");

        var live = await bench.Server.Executions.ListExecutionsAsync(new() { Statuses = { ExecutionStatus.Running, ExecutionStatus.Requested } });
        Assert.Contains(live.Executions, each => each.Id == id);
        Assert.NotEmpty((await bench.Server.Executions.ExplainExecutionAsync(new() { ExecutionId = id })).Summary);
        await agent.EndAsync("one", Reply.Completed);
        await bench.UntilFinalAsync(id);

        agent.Script = _ => Reply.Completed;
        var again = (await bench.Server.Executions.RerunExecutionAsync(new() { ExecutionId = id })).Execution;
        Assert.Equal((ExecutionStatus.Completed, id), ((await bench.UntilFinalAsync(again.Id)).Status, again.RerunOfId));
    }
}
