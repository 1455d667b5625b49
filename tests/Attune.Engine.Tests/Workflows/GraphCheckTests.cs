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
    [InlineData("a: j|j 1: z|z: j?")]
    [InlineData("a: j z|j all: z|z: j?")]
    [InlineData("a: j|b: j|j 2: j?")]
    [InlineData("r: r? x|x|j: j?")]
    [InlineData("a: j|j all: j?", "tasks.j.join: can never start: it waits for 2 of the tasks that lead here, and 'j' can run only after it.")]
    public void A_join_that_waits_for_too_much_is_told(string graph, params string[] mistakes) => Same(mistakes, graph);

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

    [Theory]
    [InlineData("chain")]
    [InlineData("wide")]
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
