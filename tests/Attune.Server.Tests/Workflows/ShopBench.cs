using System.Text;
using Attune.Server.Tests.Packs;
using Attune.Testing;
using Attune.V1;
using Google.Protobuf.WellKnownTypes;

namespace Attune.Server.Tests.Workflows;

/// <summary>A shop that builds and then installs on two hosts, an agent that does what a test says, and the calls that change a run.</summary>
sealed class ShopBench : IAsyncDisposable
{
    const string Deploy = """
        tasks:
          build:
            action: shop.build
            next: [{publish: {image: "{{ result.image }}"}, do: install}]
          install:
            action: shop.install
            with_items: "{{ ['a', 'b'] }}"
            input: {host: "{{ item }}", image: "{{ vars.image }}"}
            next: [{do: check}]
          check: {action: shop.build}
        output_map: {image: "{{ vars.image }}"}
        """;

    const string Install = """
        ref: shop.install
        runtime: core.shell
        entry_point: run.sh
        parameters:
          host: {type: string, required: true}
          image: {type: string}
          password: {type: string, secret: true}
        """;

    readonly Queue<WorkItem> items = [];

    ShopBench(PackBench packs, FakeAgent agent) => (Packs, Agent) = (packs, agent);

    public PackBench Packs { get; }

    public FakeAgent Agent { get; }

    public WorkflowService.WorkflowServiceClient Workflows => new(Packs.Server.Admin);

    public ExecutionService.ExecutionServiceClient Executions => Packs.Server.Executions;

    static CancellationToken Soon => Waiting.SoonEnough;

    public static async Task<ShopBench> StartAsync()
    {
        var packs = await PackBench.StartAsync();
        await packs.InstallAsync(packs.Archive(
            "shop", "1.0.0", ["build"],
            ("actions/install.yaml", Install),
            ("actions/deploy.yaml", "ref: shop.deploy\nlabel: Deploy\nworkflow_file: workflows/deploy.workflow.yaml\noutput: {image: {type: string}}\n"),
            ("actions/workflows/deploy.workflow.yaml", Deploy),
            ("actions/outer.yaml", "ref: shop.outer\nlabel: Outer\nworkflow_file: workflows/outer.workflow.yaml\n"),
            ("actions/workflows/outer.workflow.yaml", "tasks: {inner: {action: shop.deploy}}\n")));
        var agent = await packs.Server.JoinAsync("one", Soon);
        await agent.ConnectAsync(Soon);
        return new(packs, agent);
    }

    public async Task<long> DeployAsync(string actionRef = "shop.deploy")
        => (await Executions.StartExecutionAsync(new() { ActionRef = actionRef })).Execution.Id;

    /// <summary>Takes the next work; several may come in one message.</summary>
    public async Task<WorkItem> TakeAsync()
    {
        while (items.Count == 0)
        {
            foreach (var item in (await Agent.NextAsync(message => message.Items.Count > 0, Soon)).Items)
                items.Enqueue(item);
        }

        return items.Dequeue();
    }

    /// <summary>Takes the next work and ends it.</summary>
    public async Task<WorkItem> NextAsync(string result = "", string error = "")
    {
        var item = await TakeAsync();
        await Agent.FinishAsync(item, error is "" ? Outcome.Completed : Outcome.Failed, Soon, result, error);
        return item;
    }

    /// <summary>A deployment whose build is through and whose first host fails.</summary>
    public async Task<long> FailedAsync()
    {
        var id = await DeployAsync();
        await NextAsync("""{"image": "shop:1"}""");
        var hosts = new[] { await TakeAsync(), await TakeAsync() };
        var first = hosts.Single(item => HostOf(item) is "a");
        await Agent.FinishAsync(first, Outcome.Failed, Soon, reason: "DISK_FULL");
        await Agent.FinishAsync(hosts.Single(item => item != first), Outcome.Completed, Soon, "\"b done\"");
        Assert.Equal(ExecutionStatus.Failed, await UntilFinalAsync(id));
        return id;
    }

    public static string HostOf(WorkItem item) => Struct.Parser.ParseJson(Encoding.UTF8.GetString(item.Parameters.Span)).Fields["host"].StringValue;

    public async Task<ExecutionStatus> UntilFinalAsync(long id)
    {
        var soon = Soon;
        using var watch = Executions.WatchExecution(new() { ExecutionIds = { id } }, cancellationToken: soon);
        var last = ExecutionStatus.Unspecified;
        while (await watch.ResponseStream.MoveNext(soon))
            last = watch.ResponseStream.Current.Executions.LastOrDefault()?.Status ?? last;
        return last;
    }

    public async Task<WorkflowExecution> GetAsync(long id)
        => (await Workflows.GetWorkflowExecutionAsync(new() { ExecutionId = id }, cancellationToken: Soon)).WorkflowExecution;

    public async Task<GetExecutionTreeResponse> TreeAsync(long id)
        => await Executions.GetExecutionTreeAsync(new() { ExecutionId = id }, cancellationToken: Soon);

    public static Task<RefusedCall> RefusedAsync<T>(Grpc.Core.AsyncUnaryCall<T> call) => RefusedCall.OfAsync(() => call.ResponseAsync);

    public async ValueTask DisposeAsync()
    {
        await Agent.DisposeAsync();
        await Packs.DisposeAsync();
    }
}
