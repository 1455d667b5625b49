using Attune.Server.Tests.Packs;
using Attune.Testing;
using Attune.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace Attune.Server.Tests.Executions;

/// <summary>A rerun carries secrets over unseen, and only to where they stay secret.</summary>
public sealed class RerunSecretTests : IAsyncLifetime
{
    const string Secret = "hunter2 of all things";

    PackBench bench = null!;

    public async Task InitializeAsync() => bench = await PackBench.StartAsync();

    public async Task DisposeAsync() => await bench.DisposeAsync();

    static CancellationToken Soon => Waiting.SoonEnough;

    [Fact]
    public async Task A_secret_is_carried_over_while_the_action_still_calls_it_secret()
    {
        var id = await StartAsync();
        await InstallAsync("1.1.0", "{host: {type: string}, login: {type: object, properties: {key: {type: string, secret: true}}}}");
        await using var agent = await bench.Server.JoinAsync("one", Soon);
        await agent.ConnectAsync(Soon);
        await agent.FinishAsync(await agent.NextItemAsync(Soon), Outcome.Completed, Soon);

        var rerun = await bench.Server.Executions.RerunExecutionAsync(new() { ExecutionId = id });
        Assert.DoesNotContain(Secret, rerun.ToString(), StringComparison.Ordinal);
        var item = await agent.NextItemAsync(Soon);
        Assert.Equal(rerun.Execution.Id, item.ExecutionId);
        Assert.Contains(Secret, item.Parameters.ToStringUtf8(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{host: {type: string}, login: {type: object, properties: {key: {type: string}}}}")]
    [InlineData("{host: {type: string}, login: {type: object, properties: {key: {type: string, enum: [a, b]}}}}")]
    [InlineData("{host: {type: string}, login: {type: object}}")]
    public async Task A_secret_that_the_action_no_longer_calls_secret_is_refused_by_name_and_not_shown(string parameters)
    {
        var id = await StartAsync();
        await InstallAsync("2.0.0", parameters);

        var refused = await RefusedCall.OfAsync(
            () => bench.Server.Executions.RerunExecutionAsync(new() { ExecutionId = id }).ResponseAsync);
        Assert.Equal((StatusCode.InvalidArgument, "PARAMETERS_INVALID"), (refused.Code, refused.Reason));
        Assert.Contains("parameters.login.key", refused.Violations.Select(violation => violation.Field));
        Assert.DoesNotContain(Secret, refused.ToString() + string.Concat(refused.Violations), StringComparison.Ordinal);

        // Nothing was started, and nowhere at rest is it in clear.
        Assert.Equal(id, Assert.Single((await bench.Server.Executions.ListExecutionsAsync(new())).Executions).Id);
        Assert.DoesNotContain(Secret, await bench.ReadAsync<string>("select config::text from execution"), StringComparison.Ordinal);
    }

    async Task<long> StartAsync()
    {
        await InstallAsync("1.0.0", "{host: {type: string}, login: {type: object, properties: {key: {type: string, secret: true}}}}");
        var parameters = Struct.Parser.ParseJson($$"""{"host": "a", "login": {"key": "{{Secret}}"} }""");
        return (await bench.Server.Executions.StartExecutionAsync(new() { ActionRef = "edge.check", Parameters = parameters })).Execution.Id;
    }

    Task<InstallPackResponse> InstallAsync(string version, string parameters)
        => bench.InstallAsync(bench.Archive("edge", version, [], ("actions/run.sh", ""), ("actions/check.yaml", $"""
            ref: edge.check
            runtime: core.shell
            entry_point: run.sh
            parameters: {parameters}
            """)));
}
