using Attune.Server.Tests.Packs;
using Attune.Testing;
using Attune.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace Attune.Server.Tests.Workflows;

/// <summary>Workflows as they are written: read by ref, and checked from a file.</summary>
public sealed class ReadWorkflowTests : IAsyncLifetime
{
    const string Deploy = """
        version: 1.2.0
        tasks:
          zip:
            action: shop.build
            next:
              - {when: "{{ failed() }}", do: fail}
              - {else: true, do: [approve, zebra]}
            on_error: zebra
          approve:
            inquiry: {prompt: "Go on?"}
          zebra:
            action: shop.install
            join: 1
            with_items: "{{ [1, 2] }}"
        """;

    const string Action = """
        ref: shop.deploy
        label: Deploy a version
        workflow_file: workflows/deploy.workflow.yaml
        parameters: {version: {type: string}}
        """;

    PackBench bench = null!;

    public async Task InitializeAsync() => bench = await PackBench.StartAsync();

    public async Task DisposeAsync() => await bench.DisposeAsync();

    WorkflowService.WorkflowServiceClient Workflows => new(bench.Server.Admin);

    static CancellationToken Soon => Waiting.SoonEnough;

    [Fact]
    public async Task A_workflow_is_read_with_its_graph_in_the_order_of_its_file()
    {
        await InstallAsync();

        var workflow = (await Workflows.GetWorkflowAsync(new() { Ref = "shop.deploy" }, cancellationToken: Soon)).Workflow;

        Assert.Equal(("shop.deploy", "shop", "Deploy a version", "1.2.0"), (workflow.Ref, workflow.PackRef, workflow.Label, workflow.Version));
        Assert.Equal(["zip", "approve", "zebra"], workflow.Tasks.Select(task => task.Name));
        Assert.Equal(["zip", "approve", "zebra"], workflow.Definition.Fields["tasks"].ListValue.Values.Select(task => task.StructValue.Fields["name"].StringValue));
        Assert.Equal(
            [("fail", "failed()", false, false), ("approve", "", true, false), ("zebra", "", true, false), ("zebra", "", false, true)],
            workflow.Tasks[0].Next.Select(edge => (edge.To, edge.When, edge.IsElse, edge.IsOnError)));
        Assert.Equal((true, ""), (workflow.Tasks[1].IsInquiry, workflow.Tasks[1].ActionRef));
        Assert.Equal((1, true, "shop.install"), (workflow.Tasks[2].JoinCount, workflow.Tasks[2].HasItems, workflow.Tasks[2].ActionRef));
    }

    [Theory]
    [InlineData("shop.deplyo", "Did you mean 'shop.deploy'?")]
    [InlineData("core.noop", "There is no workflow 'core.noop'.")]
    public async Task A_workflow_that_is_not_there_is_not_found(string reference, string said)
    {
        await InstallAsync();

        var refused = await RefusedCall.OfAsync(() => Workflows.GetWorkflowAsync(new() { Ref = reference }).ResponseAsync);

        Assert.Equal((StatusCode.NotFound, "WORKFLOW_NOT_FOUND"), (refused.Code, refused.Reason));
        Assert.Contains(said, refused.Message);
    }

    [Fact]
    public async Task Who_may_read_the_workflows_of_one_pack_reads_no_others()
    {
        await InstallAsync();
        var narrow = await bench.LoginWithAsync("""[{"resource": "workflows", "actions": ["read"], "constraints": {"packs": ["other"]}}]""");
        var workflows = new WorkflowService.WorkflowServiceClient(bench.Server.Anonymous);

        var get = await RefusedCall.OfAsync(() => workflows.GetWorkflowAsync(new() { Ref = "shop.deploy" }, narrow).ResponseAsync);
        var check = await RefusedCall.OfAsync(() => workflows.CheckWorkflowAsync(new() { PackRef = "shop" }, narrow).ResponseAsync);

        Assert.Equal([StatusCode.PermissionDenied, StatusCode.PermissionDenied], new[] { get, check }.Select(each => each.Code));
    }

    [Fact]
    public async Task A_file_without_a_mistake_has_no_problems_and_its_tasks()
    {
        await InstallAsync();

        var checkedFile = await CheckAsync(Deploy);

        Assert.Empty(checkedFile.Problems);
        Assert.Equal(["zip", "approve", "zebra"], checkedFile.Tasks.Select(task => task.Name));
    }

    [Theory]
    [InlineData(DrawingFormat.Mermaid, "flowchart")]
    [InlineData(DrawingFormat.Dot, "digraph")]
    [InlineData(DrawingFormat.Svg, "<svg")]
    public async Task It_is_drawn_where_that_is_asked_for(DrawingFormat format, string said)
    {
        await InstallAsync();

        var stored = await Workflows.GetWorkflowAsync(new() { Ref = "shop.deploy", DrawingFormat = format }, cancellationToken: Soon);
        var file = await Workflows.CheckWorkflowAsync(new() { Definition = Deploy, DrawingFormat = format }, cancellationToken: Soon);

        Assert.Contains(said, stored.Drawing);
        Assert.Contains("zebra", stored.Drawing);
        Assert.Equal(stored.Drawing, file.Drawing);
    }

    [Fact]
    public async Task Mistakes_of_a_file_have_their_lines()
    {
        var checkedFile = await CheckAsync("tasks:\n  build:\n    action: shop.build\n    nxt: []\n    next:\n      - {do: nowhere}\n");

        Assert.Equal(
            [(3, "tasks.build.action"), (4, "tasks.build.nxt"), (6, "tasks.build.next[0].do")], checkedFile.Problems.Select(problem => (problem.Line, problem.Path)));
        Assert.All(checkedFile.Problems, problem => Assert.NotEqual(0, problem.Column));
        Assert.Contains("next", checkedFile.Problems[1].Message);
        Assert.Empty(checkedFile.Tasks);
    }

    [Fact]
    public async Task Actions_that_are_not_installed_are_brought_along_or_unknown()
    {
        var request = new CheckWorkflowRequest
        {
            Definition = """
                tasks:
                  one: {action: shop.build, input: {vresion: 1}}
                  two: {action: shop.biuld}
                  three: {action: core.ecko}
                """,
            PackRef = "shop",
            Actions =
            {
                new CheckedAction { Ref = "shop.build", ParametersSchema = Struct.Parser.ParseJson("""{"version": {"type": "string"}}""") },
            },
        };

        var problems = (await Workflows.CheckWorkflowAsync(request, cancellationToken: Soon)).Problems;

        Assert.Equal([2, 3, 4], problems.Select(problem => problem.Line));
        Assert.Contains("'version'", problems[0].Message);
        Assert.Contains("'shop.build'", problems[1].Message);
        Assert.Contains("'core.echo'", problems[2].Message);
    }

    [Theory]
    [InlineData("")]
    [InlineData("just a text")]
    [InlineData("tasks: [")]
    [InlineData("a: &a [*a, *a]")]
    public async Task What_is_no_workflow_is_a_problem_and_no_failure(string text)
        => Assert.NotEmpty((await CheckAsync(text)).Problems);

    [Fact]
    public async Task A_file_that_is_far_too_large_is_refused()
    {
        var refused = await RefusedCall.OfAsync(() => CheckAsync(new string('#', (3 << 20) + 1)));

        Assert.Equal((StatusCode.InvalidArgument, "DEFINITION_TOO_LARGE"), (refused.Code, refused.Reason));
    }

    [Fact]
    public async Task A_parameter_schema_that_is_none_is_a_problem()
    {
        var request = new CheckWorkflowRequest
        {
            Definition = Deploy,
            ParametersSchema = Struct.Parser.ParseJson("""{"version": {"type": "strin"}}"""),
        };

        var checkedFile = await Workflows.CheckWorkflowAsync(request, cancellationToken: Soon);

        Assert.Contains(checkedFile.Problems, problem => problem.Path.StartsWith("parameters.version", StringComparison.Ordinal));
    }

    async Task<CheckWorkflowResponse> CheckAsync(string text)
        => await Workflows.CheckWorkflowAsync(new() { Definition = text, PackRef = "shop" }, cancellationToken: Soon);

    Task<InstallPackResponse> InstallAsync() => bench.InstallAsync(bench.Archive(
        "shop", "1.0.0", ["build", "install"], ("actions/deploy.yaml", Action), ("actions/workflows/deploy.workflow.yaml", Deploy)));
}
