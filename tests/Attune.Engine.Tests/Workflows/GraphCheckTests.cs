using Attune.Engine.Workflows;
using Attune.Engine.Workflows.Checks;

namespace Attune.Engine.Tests.Workflows;

public sealed class GraphCheckTests
{
    [Theory]
    [InlineData("r: a b|a: b|b")]
    [InlineData("r|x: y|y: x z|z", "tasks.x: No way leads here from where the workflow starts: 'r'.", "tasks.y: No way leads here from where the workflow starts: 'r'.", "tasks.z: No way leads here from where the workflow starts: 'r'.")]
    public void A_task_that_no_way_leads_to_is_told(string graph, params string[] mistakes) => Same(mistakes, graph);

    [Theory]
    [InlineData("a: j|b: j|j 2")]
    [InlineData("a: j|b: j|j 1")]
    [InlineData("a: j|b: j|j 3", "tasks.j.join: waits for 3 tasks, and only 2 lead here: 'a', 'b'.")]
    [InlineData("a: j|j 4", "tasks.j.join: waits for 4 tasks, and only 1 leads here: 'a'.")]
    [InlineData("a: j|j all: z|z: j?", "tasks.j.join: can never start: it waits for 2 of the tasks that lead here, and 'z' can run only after it.")]
    [InlineData("a: j z|j all: z|z: j?")]
    [InlineData("r: r? x|x|j: j?")]
    [InlineData("a: j|j all: j?", "tasks.j.join: can never start: it waits for 2 of the tasks that lead here, and 'j' can run only after it.")]
    public void A_join_that_waits_for_too_much_is_told(string graph, params string[] mistakes) => Same(mistakes, graph);

    [Theory]
    [InlineData("a: j|j 1: z|z: j?", "tasks.j.join: ends its cycle after one turn: it starts as soon as 1 has come from outside, and 'z' always comes after that, too late for the round. Leave out `join`, or join in a task of its own before the cycle.")]
    [InlineData("a: j|b: j|j 2: j?", "tasks.j.join: ends its cycle after one turn: it starts as soon as 2 have come from outside, and 'j' always comes after that, too late for the round. Leave out `join`, or join in a task of its own before the cycle.")]
    [InlineData("a: j|j 1: x y|x: z|y: z|z all: j?", "tasks.j.join: ends its cycle after one turn: it starts as soon as 1 has come from outside, and 'z' always comes after that, too late for the round. Leave out `join`, or join in a task of its own before the cycle.")]
    [InlineData("a: j|j 1: x y|x: j?|y: j?", "tasks.j.join: ends its cycle after one turn: it starts as soon as 1 has come from outside, and 'x', 'y' always come after that, too late for the round. Leave out `join`, or join in a task of its own before the cycle.")]
    [InlineData("a: j|j 1: x y|x: z|y: z|z: j?")]
    [InlineData("a: j z|j 1: z|z: j?")]
    [InlineData("a: j|j 1: z|z: z? j?")]
    [InlineData("a: j|j 1: z|z: retry? j?")]
    [InlineData("a: h|h: x y|x: j|y: j|j all: h?")]
    public void A_join_that_ends_its_cycle_is_told_where_that_is_certain(string graph, params string[] mistakes) => Same(mistakes, graph);

    [Theory]
    [InlineData("{'when': 'result.x', 'do': 'a'}, {'else': true, 'do': 'b'}", true)]
    [InlineData("{'do': 'a'}, {'when': 'failed()', 'do': 'b'}", true)]
    [InlineData("{'when': 'succeeded() and result.x', 'do': 'a'}, {'when': 'timed_out() or cancelled()', 'do': 'b'}", true)]
    [InlineData("{'when': 'result.x', 'do': 'a'}, {'when': 'not result.x', 'do': 'b'}", true)]
    [InlineData("{'when': 'result.x', 'do': 'a'}, {'when': 'result.y', 'do': 'b'}", false)]
    [InlineData("{'when': 'vars.x', 'do': 'a', 'publish': {'x': false}}, {'when': 'not vars.x', 'do': 'b'}", false)]
    [InlineData("{'when': 'result.x', 'do': 'c'}, {'else': true, 'do': 'a'}, {'when': 'result.y', 'do': 'b'}", false)]
    [InlineData("{'do': ['a', 'b']}, {'else': true, 'do': 'noop'}", false)]
    [InlineData("{'do': 'a'}, {'when': 'failed()', 'do': ['a', 'b']}", false)]
    [InlineData("{'when': 'failed()', 'do': ['continue', 'a']}, {'when': 'succeeded()', 'do': 'b'}", false)]
    [InlineData("{'when': 'failed()', 'do': ['retry', 'a']}, {'when': 'succeeded()', 'do': 'b'}", false)]
    public void A_join_of_alternatives_is_told_where_that_is_certain(string next, bool isImpossible)
    {
        // Between the fork and the join lie a and a2 on one side, b on the other.
        const string Rest = """
            {'name': 'a', 'action': 'core.noop', 'next': [{'do': 'a2'}]}, {'name': 'a2', 'action': 'core.noop', 'next': [{'do': 'j'}]},
            {'name': 'b', 'action': 'core.noop', 'next': [{'do': 'j'}]}, {'name': 'c', 'action': 'core.noop'},
            {'name': 'j', 'action': 'core.noop', 'join': 'all'}
            """;

        var mistakes = Find(
            $"{{'vars': {{'x': 1}}, 'tasks': [{{'name': 's', 'action': 'core.noop', 'next': [{{'do': ['fork', 'c']}}]}}, {{'name': 'fork', 'action': 'core.noop', 'next': [{next}]}}, {Rest}]}}");
        Assert.Equal(isImpossible ? ["tasks.j.join: can never start: it waits for 'a2' and 'b', and 'fork' takes only one of the ways to them."] : [], mistakes);
    }

    [Fact]
    public void A_task_in_a_cycle_may_take_one_way_after_the_other()
        => Assert.Empty(Find("""
            {'tasks': {
              's': {'action': 'core.noop', 'next': [{'do': 'fork'}]},
              'fork': {'action': 'core.noop', 'next': [{'when': 'result.x', 'do': 'j'}, {'else': true, 'do': ['fork', 'b']}]},
              'b': {'action': 'core.noop', 'next': [{'do': 'j'}]}, 'j': {'action': 'core.noop', 'join': 'all'}}}
            """));

    [Fact]
    public void A_task_that_runs_twice_may_take_both_ways()
        => Assert.Empty(Find("""
            {'tasks': {
              'one': {'action': 'core.noop', 'next': [{'do': 'fork'}]}, 'two': {'action': 'core.noop', 'next': [{'do': 'fork'}]},
              'fork': {'action': 'core.noop', 'next': [{'when': 'result.x', 'do': 'j'}, {'else': true, 'do': 'b'}]},
              'b': {'action': 'core.noop', 'next': [{'do': 'j'}]}, 'j': {'action': 'core.noop', 'join': 'all'}}}
            """));

    [Fact]
    public void What_runs_after_a_failure_excludes_what_else_follows()
        => Assert.Equal(
            ["tasks.j.join: can never start: it waits for 'fork' and 'repair', and 'fork' takes only one of the ways to them."],
            Find("""
                {'tasks': {
                  'fork': {'action': 'core.noop', 'next': [{'do': 'j'}], 'on_error': 'repair'}, 'repair': {'action': 'core.noop', 'next': [{'do': 'j'}]},
                  'j': {'action': 'core.noop', 'join': 'all'}}}
                """));

    [Theory]
    [InlineData("r: a|a: b|b: a", "tasks.a.next: 'a', 'b' lead to each other whatever they give, and nowhere else: nothing ends the cycle but a failure. Give a transition a `when`, and another way out.")]
    [InlineData("a: a", "tasks.a.next: The task leads to itself whatever it gives, and nowhere else: nothing ends that but a failure. Give the transition a `when`.")]
    [InlineData("r: a|a: a", "tasks.a.next: The task leads to itself whatever it gives, and nowhere else: nothing ends that but a failure. Give the transition a `when`.")]
    [InlineData("r: a|a: b|b: a?")]
    [InlineData("r: a|a: b|b: a c|c")]
    [InlineData("r: a|a: b|b: a fail?")]
    [InlineData("r: a|a: b|b 1: a")]
    public void A_cycle_that_nothing_ends_is_told(string graph, params string[] mistakes) => Same(mistakes, graph);

    [Theory]
    [InlineData("'next': [{'do': 'a'}, {'when': 'failed()', 'do': 'noop'}]", false)]
    [InlineData("'next': [{'do': 'a'}], 'on_error': 'continue'", true)]
    [InlineData("'next': [{'do': 'a'}, {'when': 'failed()', 'do': 'fail'}]", false)]
    [InlineData("'next': [{'when': 'result.x', 'do': 'a'}, {'when': 'failed()', 'do': 'a'}]", false)]
    [InlineData("'next': [{'when': true, 'do': 'a'}]", true)]
    [InlineData("'next': [{'when': true, 'do': ['retry', 'a']}]", false)]
    [InlineData("'next': [{'when': 'succeeded()', 'do': 'a'}, {'else': true, 'do': 'a'}]", true)]
    [InlineData("'next': [{'publish': {'x': 1}}, {'do': 'a'}], 'on_error': 'a'", true)]
    public void Whether_a_cycle_has_an_exit_is_judged_by_all_that_may_follow(string next, bool isEndless)
        => Assert.Equal(isEndless ? 1 : 0, Find($"{{'tasks': {{'r': {{'action': 'core.noop', 'next': [{{'do': 'a'}}]}}, 'a': {{'action': 'core.noop', {next}}}}}}}").Length);

    [Fact]
    public void Dominators_are_those_that_the_definition_gives()
    {
        for (var seed = 0; seed < 300; seed++)
        {
            var random = new Random(seed);
            var count = random.Next(2, 14);
            var graph = new TaskGraph(Definition.Read(Random(random, count)));
            for (var task = 0; task < count; task++)
            {
                for (var gate = 0; gate < count; gate++)
                {
                    var avoids = Reach(graph, gate).Contains(task);
                    var isReachable = Reach(graph, -1).Contains(task);
                    Assert.True(graph.IsReachable(task) == isReachable && graph.IsBehind(task, gate) == (isReachable && !avoids), $"seed {seed}, task {task}, gate {gate}");
                }
            }
        }
    }

    [Fact]
    public void Components_are_those_that_the_definition_gives()
    {
        for (var seed = 0; seed < 300; seed++)
        {
            var random = new Random(seed);
            var count = random.Next(2, 14);
            var graph = new TaskGraph(Definition.Read(Random(random, count)));
            var reach = Enumerable.Range(0, count).Select(from => ReachFrom(graph, [from], -1)).ToArray();
            var place = new int[count];
            for (var index = 0; index < graph.Components.Count; index++)
            {
                foreach (var task in graph.Components[index])
                    place[task] = index;
            }

            for (var one = 0; one < count; one++)
            {
                for (var other = 0; other < count; other++)
                {
                    Assert.True((place[one] == place[other]) == (reach[one].Contains(other) && reach[other].Contains(one)), $"seed {seed}, {one} and {other}");
                    Assert.True(!reach[one].Contains(other) || place[one] >= place[other], $"seed {seed}: {other} follows {one} but comes later");
                }
            }
        }
    }

    [Fact]
    public void What_a_check_costs_grows_with_the_graph_and_not_with_its_square()
    {
        // One mistake behind a fork of ten thousand ways, found though every two of them might exclude each other.
        var ways = Enumerable.Range(0, 9000).Select(index => $"{{'when': 'result.x{index}', 'do': 't{index}'}}");
        var tasks = Enumerable.Range(0, 9001).Select(index => $"'t{index}': {{'action': 'core.noop', 'next': [{{'do': 'j'}}]}}");
        var mistake = Assert.Single(Find(
            $"{{'tasks': {{'fork': {{'action': 'core.noop', 'next': [{string.Join(',', ways)}, {{'when': 'not result.x7', 'do': 't9000'}}]}}, {string.Join(',', tasks)}, 'j': {{'action': 'core.noop', 'join': 'all'}}}}}}"));
        Assert.Equal("tasks.j.join: can never start: it waits for 't7' and 't9000', and 'fork' takes only one of the ways to them.", mistake);
    }

    [Fact]
    public void A_cycle_with_thousands_of_ways_back_is_checked()
    {
        var tasks = Enumerable.Range(2, 9000).Select(index => $"t{index}: {(index < 9001 ? $"t{index + 1}" : "")} h?");
        Assert.Contains("'t2', 't3', 't4', 't5', 't6', … always come after that", Assert.Single(Find(Of($"a: h|h 1: t2|{string.Join('|', tasks)}"))), StringComparison.Ordinal);
    }

    [Fact]
    public void A_check_that_nobody_waits_for_ends()
        => Assert.Throws<OperationCanceledException>(() => WorkflowCheck.Find(Definition.Read(Of("a: b|b")), new(), new CancellationToken(canceled: true)));

    [Theory]
    [InlineData("chain")]
    [InlineData("wide")]
    [InlineData("fork")]
    [InlineData("conditions")]
    [InlineData("ladder")]
    [InlineData("dense")]
    public void Large_graphs_are_checked(string shape)
    {
        // Ten thousand tasks in shapes that would take a careless walk hours, or all of the stack.
        var workflow = Definition.Read(Large(shape, shape is "dense" ? 440 : 10_000));
        Assert.Empty(WorkflowCheck.Find(workflow, new()));
    }

    static string Large(string shape, int count)
    {
        var tasks = Enumerable.Range(0, count).Select(index => (shape, index) switch
        {
            ("chain", _) => Task(index, [index + 1], ""),
            ("wide", 0) => Task(index, Enumerable.Range(1, count - 2), ""),
            ("wide", _) when index == count - 1 => Task(index, [], "all"),
            ("wide", _) => Task(index, [count - 1], ""),
            ("fork" or "conditions", 0) => $"'t0': {{'action': 'core.noop', 'next': [{string.Join(',', Enumerable.Range(1, count - 2).Select(target => $"{{{(shape is "fork" ? "" : $"'when': 'result.x{target}',")} 'do': 't{target}'}}"))}]}}",
            ("fork" or "conditions", _) => index == count - 1 ? Task(index, [], "all") : Task(index, [count - 1], ""),
            ("ladder", _) => Task(index, index % 2 == 0 ? [index + 1, index + 2] : [index + 1], index > 0 && index % 2 == 0 ? "all" : ""),
            _ => Task(index, Enumerable.Range(index + 1, count - index), index > 0 ? "all" : ""),
        });
        return $"{{'tasks': {{{string.Join(',', tasks)}}}}}";

        string Task(int index, IEnumerable<int> targets, string join)
        {
            var names = string.Join(',', targets.Where(target => target < count).Select(target => $"'t{target}'"));
            return $"'t{index}': {{'action': 'core.noop', {(join is "" ? "" : $"'join': '{join}',")} 'next': [{(names is "" ? "" : $"{{'do': [{names}]}}")}]}}";
        }
    }

    static string Random(Random random, int count)
    {
        var tasks = Enumerable.Range(0, count).Select(index =>
        {
            var targets = Enumerable.Range(1, count - 1).Where(_ => random.Next(count) < 2).Select(target => $"'t{target}'");
            return $"'t{index}': {{'action': 'core.noop', 'next': [{{'do': [{string.Join(',', targets)}]}}]}}";
        });
        return $"{{'tasks': {{{string.Join(',', tasks)}}}}}";
    }

    static HashSet<int> Reach(TaskGraph graph, int without) => ReachFrom(graph, graph.Targets(graph.Start), without);

    static HashSet<int> ReachFrom(TaskGraph graph, IEnumerable<int> starts, int without)
    {
        var seen = new HashSet<int>();
        var open = new Stack<int>(starts);
        while (open.TryPop(out var task))
        {
            if (task == without || !seen.Add(task))
                continue;
            foreach (var target in graph.Targets(task))
                open.Push(target);
        }

        return seen;
    }

    static void Same(IEnumerable<string> mistakes, string graph) => Assert.Equal(string.Join('\n', mistakes), string.Join('\n', Find(Of(graph))));

    static string[] Find(string definition)
        => [.. WorkflowCheck.Find(Definition.Read(definition), new()).Select(problem => $"{problem.Path}: {problem.Message}")];

    // `a: b c?|b 2` is: a leads to b, and to c under a condition; b joins two.
    static string Of(string graph)
    {
        var tasks = graph.Split('|').Select(task =>
        {
            var (head, targets) = task.Split(':') is [var left, var right] ? (left.Split(' '), right.Split(' ', StringSplitOptions.RemoveEmptyEntries)) : (task.Split(' '), []);
            var join = head.Length < 2 ? "" : head[1] is "all" ? "'join': 'all'," : $"'join': {head[1]},";
            var next = targets.Select(target => target.EndsWith('?') ? $"{{'when': 'result.x', 'do': '{target[..^1]}'}}" : $"{{'do': '{target}'}}");
            return $"'{head[0]}': {{'action': 'core.noop', {join} 'next': [{string.Join(',', next)}]}}";
        });
        return $"{{'tasks': {{{string.Join(',', tasks)}}}}}";
    }
}
