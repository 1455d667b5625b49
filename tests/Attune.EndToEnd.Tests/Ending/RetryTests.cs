using Attune.Testing;
using Attune.V1;

namespace Attune.EndToEnd.Tests.Ending;

[Collection(EndingSite.Collection)]
public sealed class RetryTests(EndingSite ending)
{
    const string Fields = "retry: {max_attempts: 3, delay_seconds: 0, on: [failed]}\n";

    static CancellationToken Soon => Waiting.SoonEnough;

    Site Site => ending.Site;

    [Fact]
    public async Task A_failed_attempt_is_followed_by_another_and_every_one_is_listed()
    {
        using var pack = new TestPack("e2e_retry").Shell(
            "third", "echo \"attempt $ATTUNE_ATTEMPT\"; echo \"$ATTUNE_FENCE\" >&2; test \"$ATTUNE_ATTEMPT\" = 3 || exit \"1$ATTUNE_ATTEMPT\"", Fields);
        await pack.InstallAsync(Site.Client, Soon);

        var execution = await Site.RunAsync("e2e_retry.third", "{}", Soon);

        Assert.Equal((ExecutionStatus.Completed, 3, 3), (execution.Status, execution.Attempt, execution.MaxAttempts));
        Assert.Equal("attempt 3", execution.Result.StringValue);
        Assert.Null(execution.Error);
        Assert.Equal(
            [(1, ExecutionStatus.Failed, 11), (2, ExecutionStatus.Failed, 12)],
            execution.Attempts.Select(each => (each.Attempt, each.Status, each.Error.ExitCode)));
        var log = await Site.ReadLogAsync(execution.Id, Soon);
        Assert.Equal(
            ["attempt 1\n", "attempt 2\n", "attempt 3\n"],
            log.Where(chunk => chunk.Stream is LogStream.Stdout).OrderBy(chunk => chunk.Attempt).Select(chunk => chunk.Content.ToStringUtf8()));
        Assert.Equal(3, log.Where(chunk => chunk.Stream is LogStream.Stderr).Select(chunk => chunk.Content).Distinct().Count());
    }

    [Fact]
    public async Task The_last_attempts_failure_is_the_executions_own()
    {
        using var pack = new TestPack("e2e_retry_in_vain").Shell("never", "exit \"$ATTUNE_ATTEMPT\"", Fields);
        await pack.InstallAsync(Site.Client, Soon);

        var execution = await Site.RunAsync("e2e_retry_in_vain.never", "{}", Soon);

        Assert.Equal((ExecutionStatus.Failed, 3, 3), (execution.Status, execution.Attempt, execution.Error.ExitCode));
        Assert.Equal(2, execution.Attempts.Count);
        Assert.Contains("after 3 attempts", (await Site.ExplainAsync(execution.Id, Soon)).Summary);
    }

    [Fact]
    public async Task What_the_policy_does_not_name_is_not_tried_again()
    {
        using var pack = new TestPack("e2e_retry_other").Shell("once", "exit 1", "retry: {max_attempts: 3, delay_seconds: 0, on: [timeout]}\n");
        await pack.InstallAsync(Site.Client, Soon);

        var execution = await Site.RunAsync("e2e_retry_other.once", "{}", Soon);

        Assert.Equal((ExecutionStatus.Failed, 1), (execution.Status, execution.Attempt));
        Assert.Empty(execution.Attempts);
    }

    [Fact]
    public async Task An_attempt_that_is_awaited_is_explained_and_can_be_cancelled()
    {
        using var pack = new TestPack("e2e_retry_later").Shell("later", "exit 1", "retry: {max_attempts: 2, delay_seconds: 3600}\n");
        await pack.InstallAsync(Site.Client, Soon);
        var id = await Site.StartAsync("e2e_retry_later.later", "{}", Soon);

        var waiting = await Site.UntilAsync(id, execution => execution.NextAttemptAt is not null, Soon);
        Assert.Equal(ExecutionStatus.Requested, waiting.Status);
        Assert.Equal("RETRY_DELAY", (await Site.ExplainAsync(id, Soon)).Reasons[0].Code);

        var cancelled = await Site.Client.Executions.CancelExecutionAsync(new() { ExecutionId = id });
        Assert.Equal(ExecutionStatus.Cancelled, cancelled.Execution.Status);
    }
}
