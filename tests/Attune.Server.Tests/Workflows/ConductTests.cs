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
}
