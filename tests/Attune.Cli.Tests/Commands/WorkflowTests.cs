using System.Text.Json;
using Attune.Cli.Tests.Planes;
using Attune.V1;
using Google.Protobuf.WellKnownTypes;

namespace Attune.Cli.Tests.Commands;

public sealed class WorkflowTests : IAsyncLifetime
{
    CliBench bench = null!;

    public async Task InitializeAsync() => bench = await CliBench.StartAsync();

    public async Task DisposeAsync() => await bench.DisposeAsync();

    [Fact]
    public async Task Problems_stand_where_they_are_and_end_with_1()
    {
        bench.Plane.Workflows.Problems =
        [
            new() { Line = 4, Column = 9, Path = "tasks.build.action", Message = "There is no action 'shop.biuld'. Did you mean 'shop.build'?" },
            new() { Line = 9, Path = "", Message = "There is no task that nothing leads to." },
            new() { Path = "tasks", Message = "is missing." },
        ];
        var file = bench.Write("deploy.workflow.yaml", "tasks: {}\n");

        var check = await bench.RunAsync("workflow", "check", file);
        var json = await bench.RunAsync("workflow", "check", file, "-o", "json");

        Assert.Equal(1, check.ExitCode);
        Assert.Equal(
            [
                $"{file}:4:9: tasks.build.action: There is no action 'shop.biuld'. Did you mean 'shop.build'?",
                $"{file}:9:1: There is no task that nothing leads to.",
                $"{file}: tasks: is missing.",
            ],
            check.Output.TrimEnd().Split('\n'));
        Assert.Contains("3 problems", check.Errors);
        Assert.Equal(1, json.ExitCode);
        Assert.Equal(3, JsonDocument.Parse(json.Output).RootElement.GetProperty("problems").GetArrayLength());
    }

    [Fact]
    public async Task A_file_is_checked_with_the_parameters_of_the_action_that_names_it()
    {
        bench.Write("shop/actions/broken.yaml", "ref: [\n");
        bench.Write("shop/actions/other.yaml", "ref: shop.other\nworkflow_file: workflows/other.workflow.yaml\nparameters: {wrong: {type: string}}\n");
        bench.Write("shop/actions/deploy.yaml", "ref: shop.deploy\nworkflow_file: workflows/deploy.workflow.yaml\nparameters: {version: {type: string}}\n");
        var file = bench.Write("shop/actions/workflows/deploy.workflow.yaml", "tasks: {build: {action: shop.build}}\n");

        var check = await bench.RunAsync("workflow", "check", file);
        var byAction = await bench.RunAsync("workflow", "check", Path.Combine(bench.Folder, "shop/actions/deploy.yaml"));

        Assert.Equal((0, ""), (check.ExitCode, check.Output));
        Assert.Contains("no problems in 2 tasks", check.Errors);
        Assert.DoesNotContain("was not checked", check.Errors);
        Assert.Equal(0, byAction.ExitCode);
        Assert.All(bench.Plane.Workflows.Checked, asked =>
        {
            Assert.Equal(["version"], asked.ParametersSchema.Fields.Keys);
            Assert.Equal("shop", asked.PackRef);
            Assert.Equal([("shop.deploy", true), ("shop.other", true)], asked.Actions.Select(action => (action.Ref, action.IsWorkflow)));
            Assert.StartsWith("tasks: {build", asked.Definition, StringComparison.Ordinal);
        });
    }

    [Fact]
    public async Task A_file_without_an_action_says_what_was_not_checked()
    {
        var file = bench.Write("lonely.yaml", "tasks: {build: {action: shop.build}}\n");

        var check = await bench.RunAsync("workflow", "check", file, "--pack", "shop");
        var piped = await bench.RunAsync("tasks: {}\n", ["workflow", "check", "-"]);

        Assert.Contains("`parameters` was not checked", check.Errors);
        var asked = bench.Plane.Workflows.Checked.ToArray();
        Assert.Null(asked[0].ParametersSchema);
        Assert.Equal("shop", asked[0].PackRef);
        Assert.Equal(("tasks: {}\n", 0), (asked[1].Definition, piped.ExitCode));
    }

    [Theory]
    [InlineData("nowhere.yaml", "There is no file nowhere.yaml.")]
    [InlineData("/tmp", "attune pack check /tmp")]
    public async Task What_cannot_be_read_is_refused(string file, string said)
    {
        var check = await bench.RunAsync("workflow", "check", file);

        Assert.Equal(2, check.ExitCode);
        Assert.Contains(said, check.Errors);
    }

    [Fact]
    public async Task A_graph_is_drawn_of_a_ref_a_file_or_an_execution()
    {
        var file = bench.Write("deploy.yaml", "tasks: {}\n");
        var to = Path.Combine(bench.Folder, "deploy.svg");

        Assert.Equal("a drawing in Mermaid\n", (await bench.RunAsync("workflow", "graph", "shop.deploy")).Output);
        Assert.Equal("a drawing in Dot\n", (await bench.RunAsync("workflow", "graph", file, "--format", "dot")).Output);
        Assert.Equal("a drawing in Mermaid live\n", (await bench.RunAsync("workflow", "graph", "10")).Output);
        var written = await bench.RunAsync("workflow", "graph", "shop.deploy", "--format", "svg", "--to", to);

        Assert.Equal("", written.Output);
        Assert.Equal("a drawing in Svg", File.ReadAllText(to));
    }

    [Fact]
    public async Task A_workflow_shows_what_follows_what()
    {
        var show = await bench.RunAsync("workflow", "show", "shop.deploy");
        var unknown = await bench.RunAsync("workflow", "show", "shop.nothing");

        Assert.Contains("build: shop.build", show.Output);
        Assert.Contains("when result.ok → approve", show.Output);
        Assert.Contains("else → fail", show.Output);
        Assert.Contains("approve: asks people", show.Output);
        Assert.Equal(2, unknown.ExitCode);
    }

    [Fact]
    public async Task Pausing_keeps_the_reason_and_says_how_to_go_on()
    {
        var pause = await bench.RunAsync("workflow", "pause", "10", "--reason", "night");
        var resume = await bench.RunAsync("workflow", "resume", "10");

        Assert.Contains("attune workflow resume 10", pause.Errors);
        var asked = Assert.Single(bench.Plane.Workflows.Paused);
        Assert.Equal((10, "night"), (asked.ExecutionId, asked.Reason));
        Assert.NotEqual("", asked.RequestId);
        Assert.Equal(2, resume.ExitCode);
        Assert.Contains("not paused", resume.Errors);
    }

    [Theory]
    [InlineData("pause 10", 1, "It could not be paused. Execution 10 is failed: Disk full.")]
    [InlineData("rerun 10 --task build", 0, "It runs again from build. Execution 10 is failed: Disk full.")]
    [InlineData("edit 10 --task build --result 1", 0, "Changed the result of build. Execution 10 is failed: Disk full.")]
    [InlineData("resume 11", 0, "It goes on. Execution 11 is failed: Disk full.")]
    public async Task After_a_change_it_is_said_how_the_run_stands(string words, int exitCode, string said)
    {
        bench.Plane.Workflows.After = run => new(run)
        {
            Paused = false,
            Execution = new(run.Execution) { Status = ExecutionStatus.Failed, Error = new() { Message = "Disk full." } },
        };

        var change = await bench.RunAsync(["workflow", .. words.Split(' ')]);

        Assert.Equal(exitCode, change.ExitCode);
        Assert.Contains(said, change.Errors);
    }

    [Theory]
    [InlineData("rerun 10 --task build", "Nothing runs again. Execution 10 is running.")]
    [InlineData("edit 10 --task build --result 1", "Nothing was changed. Execution 10 is running.")]
    public async Task What_is_not_on_record_was_not_done(string words, string said)
    {
        bench.Plane.Workflows.After = run =>
        {
            run.Edits.Clear();
            run.Paused = false;
            return run;
        };

        var change = await bench.RunAsync(["workflow", .. words.Split(' ')]);

        Assert.Equal(1, change.ExitCode);
        Assert.Contains(said, change.Errors);
    }

    [Fact]
    public async Task One_that_is_still_paused_does_not_go_on()
    {
        var resume = await bench.RunAsync("workflow", "resume", "11");

        Assert.Equal(1, resume.ExitCode);
        Assert.Contains("It does not go on. Execution 11 is paused.", resume.Errors);
    }

    [Fact]
    public async Task Tasks_are_run_again_by_name()
    {
        var rerun = await bench.RunAsync("workflow", "rerun", "10", "--task", "build", "--task", "approve", "--reason", "disk was full");
        var none = await bench.RunAsync("workflow", "rerun", "10");

        Assert.Equal(0, rerun.ExitCode);
        var asked = Assert.Single(bench.Plane.Workflows.Rerun);
        Assert.Equal(["build", "approve"], asked.TaskNames);
        Assert.Equal("disk was full", asked.Reason);
        Assert.Equal(2, none.ExitCode);
    }

    [Fact]
    public async Task An_edit_replaces_the_input_or_the_result()
    {
        var result = await bench.RunAsync("workflow", "edit", "10", "--task", "build", "--item", "3", "--result", "[1, 2]");
        var input = await bench.RunAsync("host: b\n", ["workflow", "edit", "10", "--task", "build", "--input", "-", "--reason", "a was down"]);
        var neither = await bench.RunAsync("workflow", "edit", "10", "--task", "build");
        var both = await bench.RunAsync("workflow", "edit", "10", "--task", "build", "--input", "{}", "--result", "1");

        Assert.Equal([0, 0, 2, 2], new[] { result, input, neither, both }.Select(each => each.ExitCode));
        var asked = bench.Plane.Workflows.Edited.ToArray();
        Assert.Equal((2, true, 3), (asked[0].Result.ListValue.Values.Count, asked[0].HasItemIndex, asked[0].ItemIndex));
        Assert.Equal(("b", false, "a was down"), (asked[1].Input.Fields["host"].StringValue, asked[1].HasItemIndex, asked[1].Reason));
        Assert.Contains("--input or --result", neither.Errors);
    }

    [Fact]
    public async Task The_context_of_a_run_is_its_variables_and_who_changed_what()
    {
        var shown = (await bench.RunAsync("execution", "show", "10", "--context")).Output;
        var json = await bench.RunAsync("execution", "show", "10", "--context", "-o", "json");

        Assert.Contains("\"image\": \"shop:2\"", shown);
        Assert.Contains("yes: night", shown);
        Assert.Contains("ada: edit result build: it was built by hand", shown);
        Assert.Contains("approve: waiting: Waits to be resumed.", shown);
        Assert.Equal("shop:2", JsonDocument.Parse(json.Output).RootElement.GetProperty("variables").GetProperty("image").GetString());
    }

    [Fact]
    public async Task An_execution_says_that_it_is_a_task_or_a_workflow()
    {
        bench.Plane.Executions.Tell = execution => new(execution) { TaskName = "install", ItemIndex = 0, ParentId = 10 };
        var task = (await bench.RunAsync("execution", "show", "12")).Output;
        bench.Plane.Executions.Tell = execution => new(execution) { IsWorkflow = true };
        var workflow = (await bench.RunAsync("execution", "show", "10")).Output;

        Assert.Contains("install [0] of workflow 10", task);
        Assert.DoesNotContain("Parent", task);
        Assert.Contains("attune execution tree 10", workflow);
    }

    [Fact]
    public async Task A_tree_is_drawn_with_states_waits_and_items()
    {
        bench.Plane.Executions.Trees.Enqueue(Tree(ExecutionStatus.Running));

        var tree = await bench.RunAsync("execution", "tree", "10", "--limit", "9");

        Assert.Equal(0, tree.ExitCode);
        Assert.Equal(9, Assert.Single(bench.Plane.Executions.TreesAsked).NodeLimit);
        Assert.Equal(
            [
                "shop.deploy         running           10",
                "├─ build            failed     1.2 s  11 on edge-1  exit code 3",
                "├─ build (retry 1)  completed  1.2 s  12 on edge-1",
                "├─ install          running           1 of 3 items done, 1 failed, 1 running",
                "│  ├─ [0]           completed  1.2 s  13 on edge-1",
                "│  └─ [2]           requested         14  Waits: no agent is connected.",
                "├─ approve          running           15  Waits for an answer: Go on?  (attune inquiry respond 3)",
                "└─ finish           pending",
                "4 or more that are not shown; --limit N shows more.",
            ],
            tree.Output.TrimEnd().Split('\n'));
    }

    [Fact]
    public async Task A_followed_tree_is_written_again_when_it_changed_and_ends_as_it_ended()
    {
        bench.Plane.Executions.Trees.Enqueue(Tree(ExecutionStatus.Running));
        bench.Plane.Executions.Trees.Enqueue(Tree(ExecutionStatus.Running));
        bench.Plane.Executions.Trees.Enqueue(Tree(ExecutionStatus.Failed));

        var tree = await bench.RunAsync("execution", "tree", "10", "--follow");

        Assert.Equal(1, tree.ExitCode);
        Assert.Equal(["running", "failed"], tree.Output.Split('\n').Where(line => line.StartsWith("shop.", StringComparison.Ordinal))
            .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1]));
    }

    [Fact]
    public async Task On_a_terminal_a_followed_tree_is_drawn_in_its_place()
    {
        bench.Plane.Executions.Trees.Enqueue(Tree(ExecutionStatus.Running));
        bench.Plane.Executions.Trees.Enqueue(Tree(ExecutionStatus.Completed));

        var tree = await bench.OnTerminalAsync("", "execution tree 10 --follow");

        Assert.Equal(0, tree.ExitCode);
        Assert.Contains("\e[9F\e[J", tree.Output);
    }

    [Fact]
    public async Task A_tree_as_json_is_the_answer()
    {
        bench.Plane.Executions.Trees.Enqueue(Tree(ExecutionStatus.Running));

        var tree = await bench.RunAsync("execution", "tree", "10", "-o", "json");

        Assert.Equal(8, JsonDocument.Parse(tree.Output).RootElement.GetProperty("nodes").GetArrayLength());
    }

    [Fact]
    public async Task A_workflows_log_has_whole_lines_with_their_tasks()
    {
        bench.Plane.Executions.Log = async (request, log, ct) =>
        {
            await log.WriteAsync(new() { Chunks = { Chunk(11, "build", "one\ntw"), Chunk(12, "install", "x\n", item: 3) }, Cursor = "1" }, ct);
            await log.WriteAsync(new() { Chunks = { Chunk(11, "build", "o\n"), Chunk(12, "install", "y", item: 3) }, Cursor = "2" }, ct);
            await log.WriteAsync(new() { Outcome = new(FakeExecutions.Ended(10, ExecutionStatus.Completed)) { Result = Value.ForString("given") } }, ct);
        };

        var logs = await bench.RunAsync("execution", "logs", "10", "--follow");

        Assert.Equal(["build | one", "install[3] | x", "build | two", "install[3] | y", "given"], logs.Output.TrimEnd().Split('\n'));
        Assert.Equal(0, logs.ExitCode);
    }

    static LogChunk Chunk(long execution, string task, string text, int? item = null)
    {
        var chunk = new LogChunk(FakeExecutions.Chunk(1, LogStream.Stdout, text)) { ExecutionId = execution, TaskName = task };
        if (item is { } index)
            chunk.ItemIndex = index;
        return chunk;
    }

    static GetExecutionTreeResponse Tree(ExecutionStatus status)
    {
        var tree = new GetExecutionTreeResponse { LeftOutCount = 4 };
        tree.Nodes.Add(
        [
            new() { Node = 0, ParentNode = -1, ExecutionId = 10, ActionRef = "shop.deploy", Status = status, State = TaskState.Running },
            Ended(1, 0, 11, ExecutionStatus.Failed, new() { TaskName = "build", Error = new() { Message = "exit code 3" } }),
            Ended(2, 0, 12, ExecutionStatus.Completed, new() { TaskName = "build", RetryCount = 1 }),
            new()
            {
                Node = 3,
                TaskName = "install",
                State = TaskState.Running,
                Items = new() { TotalCount = 3, CompletedCount = 1, FailedCount = 1, RunningCount = 1 },
            },
            Ended(4, 3, 13, ExecutionStatus.Completed, new() { TaskName = "install", ItemIndex = 0 }),
            new()
            {
                Node = 5,
                ParentNode = 3,
                TaskName = "install",
                ItemIndex = 2,
                ExecutionId = 14,
                State = TaskState.Running,
                Status = ExecutionStatus.Requested,
                Waiting = "Waits: no agent is connected.",
            },
            new()
            {
                Node = 6,
                TaskName = "approve",
                ExecutionId = 15,
                State = TaskState.Running,
                Status = ExecutionStatus.Running,
                Waiting = "Waits for an answer: Go on?",
                InquiryId = 3,
            },
            new() { Node = 7, TaskName = "finish", State = TaskState.Pending },
        ]);
        return tree;
    }

    static ExecutionTreeNode Ended(int node, int parent, long execution, ExecutionStatus status, ExecutionTreeNode more)
    {
        var ended = FakeExecutions.Ended(execution, status);
        return new(more)
        {
            Node = node,
            ParentNode = parent,
            ExecutionId = execution,
            Status = status,
            WorkerName = "edge-1",
            StartedAt = ended.StartedAt,
            FinishedAt = ended.FinishedAt,
        };
    }
}
