using Attune.Testing;
using Attune.V1;
using Google.Protobuf.WellKnownTypes;

namespace Attune.EndToEnd.Tests.Ending;

/// <summary>Timeouts and cancellations: whatever the script does, no process is left.</summary>
[Collection(EndingSite.Collection)]
public sealed class StoppingTests(EndingSite ending) : IAsyncLifetime
{
    const string Fields = "parameters: {mark: {type: string}}\nparameter_format: dotenv\n";

    // A child in the group, one in a session of its own, and the script itself.
    const string Family = """
        eval "$(cat)"
        bash -c "exec -a $mark-child sleep 1000" &
        setsid bash -c "(exec -a $mark-grandchild sleep 1000) & exec -a $mark-session sleep 1000" &
        echo begun
        wait
        wait

        """;

    readonly TestPack pack = new TestPack("e2e_stopping")
        .Shell("polite", Family, Fields)
        .Shell("stubborn", $"trap '' TERM INT HUP\n{Family}\nwhile true; do sleep 1; done", Fields)
        .Shell("cleaner", "eval \"$(cat)\"\ntrap 'echo cleaned up; exit 0' TERM\nbash -c \"exec -a $mark sleep 1000\" & wait", Fields);

    static CancellationToken Soon => Waiting.SoonEnough;

    Site Site => ending.Site;

    public Task InitializeAsync() => pack.InstallAsync(Site.Client, Soon);

    public Task DisposeAsync()
    {
        pack.Dispose();
        return Task.CompletedTask;
    }

    [Theory]
    [InlineData("polite")]
    [InlineData("stubborn")]
    public async Task A_cancel_leaves_no_process(string action)
    {
        var (mark, id) = await BeginAsync(action, timeout: null);
        var asked = await Site.Client.Executions.CancelExecutionAsync(new() { ExecutionId = id, Reason = "enough of it" });
        Assert.Equal(ExecutionStatus.Canceling, asked.Execution.Status);

        var execution = await Site.EndAsync(id, Soon);
        Assert.Empty(ProcessMark.Find(mark));
        Assert.Equal((ExecutionStatus.Cancelled, "CANCELLED"), (execution.Status, execution.Error.Reason));
        Assert.Contains("enough of it", execution.Error.Message);
        Assert.Equal("begun\n", await Site.ReadLogTextAsync(id, Soon, LogStream.Stdout));
    }

    [Theory]
    [InlineData("polite")]
    [InlineData("stubborn")]
    public async Task A_timeout_leaves_no_process(string action)
    {
        var (mark, id) = await BeginAsync(action, TimeSpan.FromSeconds(3));

        var execution = await Site.EndAsync(id, Soon);
        Assert.Empty(ProcessMark.Find(mark));
        Assert.Equal((ExecutionStatus.Timeout, "TIMEOUT"), (execution.Status, execution.Error.Reason));
        Assert.Contains("3000 ms", execution.Error.Message);
        Assert.Contains("stopped", await Site.ReadLogTextAsync(id, Soon, LogStream.System));
    }

    [Fact]
    public async Task A_cancelled_script_may_clean_up_and_is_cancelled_all_the_same()
    {
        var mark = ProcessMark.New();
        var id = await Site.StartAsync("e2e_stopping.cleaner", $$"""{"mark": "{{mark}}"}""", Soon);
        await Waiting.UntilAsync(() => ProcessMark.Find(mark).Count == 1, "its child", Soon);
        await Site.Client.Executions.CancelExecutionAsync(new() { ExecutionId = id });

        var execution = await Site.EndAsync(id, Soon);
        Assert.Equal(ExecutionStatus.Cancelled, execution.Status);
        Assert.Equal("cleaned up\n", await Site.ReadLogTextAsync(id, Soon, LogStream.Stdout));
        Assert.Empty(ProcessMark.Find(mark));
    }

    [Fact]
    public async Task Cancelling_twice_or_too_late_changes_nothing()
    {
        var done = await Site.RunAsync("core.echo", """{"message": "x"}""", Soon);

        var answer = await Site.Client.Executions.CancelExecutionAsync(new() { ExecutionId = done.Id });
        Assert.Equal(ExecutionStatus.Completed, answer.Execution.Status);
        Assert.Equal(done, await Site.GetAsync(done.Id, Soon));
    }

    async Task<(string Mark, long Id)> BeginAsync(string action, TimeSpan? timeout)
    {
        var mark = ProcessMark.New();
        var id = await Site.StartAsync(
            $"e2e_stopping.{action}", $$"""{"mark": "{{mark}}"}""", Soon, request => request.Timeout = timeout?.ToDuration());
        await Waiting.UntilAsync(() => ProcessMark.Find(mark).Count == 3, "the three processes of the script", Soon);
        return (mark, id);
    }
}
