using Attune.Engine.Expressions;
using Attune.Engine.Retries;
using Attune.Engine.Workflows;

namespace Attune.Engine.Tests.Workflows;

public sealed class WorkflowReadTests
{
    static readonly Scope Nothing = new(new Dictionary<string, Value> { ["parameters"] = Value.FromJson(Definition.Json("{'n': 3}")) }, DateTimeOffset.UnixEpoch);

    [Fact]
    public void Tasks_are_the_same_as_a_mapping_and_as_a_list()
    {
        var map = Definition.Read("{'tasks': {'b': {'action': 'core.noop', 'next': [{'do': 'a'}]}, 'a': {'action': 'core.echo'}}}");
        var list = Definition.Read("{'tasks': [{'name': 'b', 'action': 'core.noop', 'next': [{'do': ['a']}]}, {'name': 'a', 'action': 'core.echo'}]}");

        foreach (var workflow in (Workflow[])[map, list])
        {
            Assert.Equal(["b", "a"], workflow.Tasks.Select(task => task.Name));
            Assert.Equal([0, 1], workflow.Tasks.Select(task => task.Index));
            Assert.Equal([0], workflow.Roots);
            Assert.Equal([0], workflow.Tasks[1].Sources);
            Assert.Equal("core.echo", workflow.Find("a")!.ActionRef);
            Assert.Null(workflow.Find("c"));
        }
    }

    [Fact]
    public void What_is_left_out_has_its_default()
    {
        var workflow = Definition.Read("{'tasks': {'a': {'action': 'core.noop', 'retry': {}}}}");
        var task = workflow.Tasks[0];

        Assert.Equal(("1.0.0", CancellationPolicy.AllowFinish, null, null), (workflow.Version, workflow.Cancellation, workflow.Timeout, workflow.OutputMap));
        Assert.Equal("{}", workflow.Vars.Render(Nothing, ExpressionLimits.Default).ToString());
        Assert.Equal("{}", task.Input.Render(Nothing, ExpressionLimits.Default).ToString());
        Assert.Equal((0, null, null, null, null, null), (task.JoinCount, task.Items, task.Inquiry, task.Timeout, task.Delay, task.WorkerLabels));
        Assert.Equal(WorkflowCommandWord.Fail, task.OnError.Word);
        Assert.Equal(new TaskRetry(3, TimeSpan.FromSeconds(1), Backoff.Constant, TimeSpan.FromSeconds(300), null), task.Retry);
    }

    [Fact]
    public void Everything_that_is_said_is_read()
    {
        var workflow = Definition.Read("""
            {'version': '2.1.0', 'vars': {'n': '{{ parameters.n }}'}, 'timeout': 90.5, 'cancellation': 'cancel_running', 'output_map': {'x': 1},
             'tasks': {
              'a': {'action': 'core.noop', 'timeout': '{{ parameters.n }}', 'delay': 0.5, 'worker_labels': {'zone': '{{ parameters.n }}'},
                    'retry': {'count': 2, 'delay': 4, 'backoff': 'exponential', 'max_delay': 60, 'when': '{{ failed() }}'},
                    'on_error': ['c', 'b'],
                    'next': [{'when': 'succeeded() and result.ok', 'publish': [{'x': 1}, {'y': '{{ vars.x }}'}], 'do': ['b', 'c']},
                             {'when': 'timed_out()', 'do': 'continue'}, {'else': true, 'do': 'noop'}]},
              'b': {'action': 'core.noop', 'join': 1, 'with_items': {'host': '{{ parameters.hosts }}', 'port': [1, 2]}, 'concurrency': 3, 'batch_size': '{{ parameters.n }}'},
              'c': {'action': 'core.noop', 'with_items': '{{ range(3) }}', 'on_error': 'continue', 'next': [{'publish': {'z': 1}, 'do': 'd'}, {'do': 'd'}]},
              'd': {'join': 'all', 'inquiry': {'prompt': 'Go on, {{ vars.x }}?', 'response_schema': {'ok': {'type': 'boolean'}},
                    'assignees': {'identities': ['ada', '{{ execution.executor }}'], 'permission_sets': ['core.editor']},
                    'quorum': 2, 'timeout': 3600, 'reminder': 600, 'no_self_answer': true}}}}
            """);
        var (a, b, c, d) = (workflow.Tasks[0], workflow.Tasks[1], workflow.Tasks[2], workflow.Tasks[3]);

        Assert.Equal(("2.1.0", TimeSpan.FromSeconds(90.5), CancellationPolicy.CancelRunning), (workflow.Version, workflow.Timeout, workflow.Cancellation));
        Assert.Equal("3", a.Timeout!.Render(Nothing, ExpressionLimits.Default).ToString());
        Assert.Equal("0.5", a.Delay!.Render(Nothing, ExpressionLimits.Default).ToString());
        Assert.Equal((2, 4.0, Backoff.Exponential, 60.0, "failed()"), (a.Retry!.Count, a.Retry.Delay.TotalSeconds, a.Retry.Backoff, a.Retry.MaxDelay.TotalSeconds, $"{a.Retry.When}"));
        Assert.Equal((WorkflowCommandWord.None, 2, 1), (a.OnError.Word, a.OnError.Tasks[0], a.OnError.Tasks[1]));
        Assert.Equal(["succeeded() and result.ok", "timed_out()", ""], a.Next.Select(each => $"{each.When}"));
        Assert.Equal([2, 0, 0], a.Next.Select(each => each.Publish.Count));
        Assert.Equal([new(WorkflowCommandWord.None, 1), new(WorkflowCommandWord.None, 2)], a.Next[0].Do);
        Assert.Equal([new(WorkflowCommandWord.Continue, -1)], a.Next[1].Do);
        Assert.True(a.Next[2].IsElse);

        Assert.Equal((1, null, "host", "port"), (b.JoinCount, b.Items!.Single, b.Items.Named[0].Key, b.Items.Named[1].Key));
        Assert.Equal("3", b.Items.Concurrency!.Render(Nothing, ExpressionLimits.Default).ToString());
        Assert.Equal("[0, 1, 2]", c.Items!.Single!.Render(Nothing, ExpressionLimits.Default).ToString());
        Assert.Equal(WorkflowCommandWord.Continue, c.OnError.Word);

        Assert.Equal((1, null), (d.JoinCount, d.ActionRef));
        Assert.Equal([2], d.Sources);
        Assert.Equal(("core.editor", 600.0, true), (d.Inquiry!.PermissionSets[0], d.Inquiry.Reminder!.Value.TotalSeconds, d.Inquiry.NoSelfAnswer));
        Assert.Equal("boolean", d.Inquiry.ResponseSchema.GetProperty("ok").GetProperty("type").GetString());
        Assert.Equal("execution.executor", d.Inquiry.Identities!.Reads[0].Use.ToString());
    }

    [Fact]
    public void A_definition_is_kept_when_its_document_is_gone()
    {
        Workflow workflow;
        using (var document = System.Text.Json.JsonDocument.Parse("""{"tasks": {"a": {"inquiry": {"prompt": "?", "response_schema": {"ok": {"type": "any"}}}}}}"""))
            workflow = Workflow.Read(document.RootElement, [])!;
        Assert.Equal("any", workflow.Tasks[0].Inquiry!.ResponseSchema.GetProperty("ok").GetProperty("type").GetString());
    }

    [Theory]
    [InlineData("[]", ": A workflow must be a mapping with `tasks`, not a list.")]
    [InlineData("{}", "tasks: is missing.")]
    [InlineData("{'tasks': {}}", "tasks: must hold at least one task.")]
    [InlineData("{'tasks': 'a'}", "tasks: must be a mapping of names to tasks, or a list of tasks, not a text.")]
    [InlineData("{'tsks': {}}", "tasks: is missing.", "tsks: is not known. Did you mean 'tasks'?")]
    [InlineData("{'tasks': ['a', {'action': 'core.noop'}, {'name': 3}]}", "tasks[0]: must be a mapping, not a text.", "tasks[1]: has no `name`.", "tasks[2].name: must be a text, not a number.")]
    [InlineData("{'tasks': {'a': null, 'b': {'action': 'core.noop'}}}", "tasks.a: must be a mapping, not null.")]
    [InlineData("{'tasks': {'Ä b': {'action': 'core.noop'}}}", "tasks.Ä b: 'Ä b' is no name of a task: use lower-case letters, digits and `_`, at most 64, and begin with a letter.")]
    [InlineData("{'tasks': [{'name': 'noop', 'action': 'core.noop'}]}", "tasks[0].name: 'noop' is a command of transitions; name the task differently.")]
    [InlineData(
        "{'tasks': [{'name': 'a', 'action': 'core.noop'}, {'name': 'a', 'actoin': 'core.noop'}]}",
        "tasks[1].name: 'a' is the name of an earlier task already.",
        "tasks[1]: has neither `action` nor `inquiry`. Where nothing is to run write `action: core.noop`.",
        "tasks[1].actoin: is not known. Did you mean 'action'?")]
    [InlineData("{'version': '1', 'tasks': {'a': {'action': 'core.noop'}}}", "version: '1' is no version; write three numbers, as in 1.0.0.")]
    [InlineData("{'vars': [1], 'tasks': {'a': {'action': 'core.noop'}}}", "vars: must be a mapping, not a list.")]
    [InlineData("{'vars': {'a': [1, '{{ 1 + }}']}, 'tasks': {'a': {'action': 'core.noop'}}}", "vars.a[1]: The expression ends too early: a value is missing. (character 8)")]
    [InlineData("{'timeout': 0, 'tasks': {'a': {'action': 'core.noop'}}}", "timeout: must be from 1 to 31536000.")]
    [InlineData("{'timeout': '{{ 3 }}', 'tasks': {'a': {'action': 'core.noop'}}}", "timeout: must be a number, not a text.")]
    [InlineData("{'cancellation': 'cancel_runing', 'tasks': {'a': {'action': 'core.noop'}}}", "cancellation: must be allow_finish or cancel_running, not 'cancel_runing'. Did you mean 'cancel_running'?")]
    [InlineData("{'output_map': 'x', 'tasks': {'a': {'action': 'core.noop'}}}", "output_map: must be a mapping, not a text.")]
    [InlineData(
        "{'tasks': {'a': {'action': 'core.noop', 'next': [{'do': 'b'}]}, 'b': {'action': 'core.noop', 'on_error': 'a'}}}",
        "tasks: There is no task to start with: each is named by a `do` or an `on_error` of another. Put one before them, such as `start: {action: core.noop, next: [{do: a}]}`.")]
    public void A_mistake_of_the_workflow_is_told_with_its_path(string definition, params string[] mistakes)
        => Same(mistakes, Definition.MistakesOf(definition));

    [Theory]
    [InlineData("'action': 'core.noop', 'inquiry': {'prompt': '?'}", "inquiry: stands instead of `action`; leave one of them out.")]
    [InlineData("'action': 'noop'", "action: 'noop' is no ref; write `pack.name`, as in `core.echo`.")]
    [InlineData("'action': '{{ vars.ref }}'", "action: '{{ vars.ref }}' is no ref; write `pack.name`, as in `core.echo`.")]
    [InlineData("'action': 3", "action: must be a text, not a number; put it into quotes.")]
    [InlineData("'action': 'core.noop', 'input': ['x']", "input: must be a mapping, not a list.")]
    [InlineData("'action': 'core.noop', 'input': {'a': {'b': 'x {{ uper(1) }}'}}", "input.a.b: There is no function 'uper'. Did you mean 'upper'? (character 6)")]
    [InlineData("'action': 'core.noop', 'join': 'al'", "join: must be `all`, or how many of the tasks that lead here it waits for: 1 or more.")]
    [InlineData("'action': 'core.noop', 'join': 0", "join: must be `all`, or how many of the tasks that lead here it waits for: 1 or more.")]
    [InlineData("'action': 'core.noop', 'concurrency': 3, 'batch_size': 2", "concurrency: means nothing without `with_items`.", "batch_size: means nothing without `with_items`.")]
    [InlineData("'action': 'core.noop', 'with_items': 'parameters.hosts'", "with_items: must be a list, or one expression in `{{ }}` that gives one, not a text.")]
    [InlineData("'action': 'core.noop', 'with_items': '{{ a }},{{ b }}'", "with_items: must be a list, or one expression in `{{ }}` that gives one, not a text.")]
    [InlineData("'action': 'core.noop', 'with_items': 3", "with_items: must be a list or an expression that gives one, not a number.")]
    [InlineData("'action': 'core.noop', 'with_items': {}", "with_items: must name at least one list.")]
    [InlineData("'action': 'core.noop', 'with_items': {'host': 'x'}", "with_items.host: must be a list, or one expression in `{{ }}` that gives one, not a text.")]
    [InlineData("'action': 'core.noop', 'with_items': [1], 'concurrency': 0", "concurrency: must be from 1 to 1000.")]
    [InlineData("'action': 'core.noop', 'with_items': [1], 'concurrency': 1001", "concurrency: must be from 1 to 1000.")]
    [InlineData("'action': 'core.noop', 'retry': {'max_delay': 0}", "retry.max_delay: must be from 0.001 to 86400.")]
    [InlineData("'action': 'core.noop', 'with_items': [1], 'concurrency': 1.5", "concurrency: must be a whole number, not a number.")]
    [InlineData("'action': 'core.noop', 'with_items': [1], 'batch_size': 'x'", "batch_size: must be a whole number or one expression in `{{ }}`, not a text.")]
    [InlineData("'action': 'core.noop', 'retry': 3", "retry: must be a mapping, not a number.")]
    [InlineData(
        "'action': 'core.noop', 'retry': {'count': 101, 'delay': -1, 'backoff': 'expo', 'max_delay': 'x', 'when': '{{ true', 'on': []}",
        "retry.count: must be from 0 to 100.",
        "retry.delay: must be from 0 to 86400.",
        "retry.backoff: must be constant, linear or exponential, not 'expo'.",
        "retry.max_delay: must be a number, not a text.",
        "retry.when: The expression has no `}}` at its end. (character 1)",
        "retry.on: is not known. Known: count, delay, backoff, max_delay, when.")]
    [InlineData("'action': 'core.noop', 'timeout': 0.5", "timeout: must be from 1 to 31536000.")]
    [InlineData("'action': 'core.noop', 'timeout': '90'", "timeout: must be a number or one expression in `{{ }}`, not a text.")]
    [InlineData("'action': 'core.noop', 'delay': -1", "delay: must be from 0 to 31536000.")]
    [InlineData("'action': 'core.noop', 'delay': true", "delay: must be a number, not true or false.")]
    [InlineData("'action': 'core.noop', 'worker_labels': {'zone': 3}", "worker_labels.zone: must be a text, not a number.")]
    [InlineData("'action': 'core.noop', 'worker_labels': ['zone']", "worker_labels: must be a mapping, not a list.")]
    [InlineData("'action': 'core.noop', 'timeot': 3, 'withitems': []", "timeot: is not known. Did you mean 'timeout'?", "withitems: is not known. Did you mean 'with_items'?")]
    public void A_mistake_of_a_task_is_told_with_its_path(string task, params string[] mistakes)
        => Same(mistakes.Select(mistake => $"tasks.a.{mistake}"), Definition.MistakesOf($"{{'tasks': {{'z': {{'action': 'core.noop', 'next': [{{'do': 'a'}}]}}, 'a': {{{task}}}}}}}"));

    [Theory]
    [InlineData("'next': {'do': 'b'}", "next: must be a list of transitions, not a mapping.")]
    [InlineData("'next': ['b']", "next[0]: must be a mapping of `when`, `publish`, `do` and `else`, not a text.")]
    [InlineData("'next': [{'dо': 'b'}]", "next[0].dо: is not known. Did you mean 'do'?")]
    [InlineData("'next': [{'do': 'bb'}]", "next[0].do: There is no task 'bb'. Did you mean 'b'?")]
    [InlineData("'next': [{'do': 'nop'}]", "next[0].do: There is no task 'nop'. Did you mean 'noop'?")]
    [InlineData("'next': [{'do': 'zebra'}]", "next[0].do: There is no task 'zebra'. Known: a, b, fail, noop, continue, retry.")]
    [InlineData("'next': [{'do': ['b', 3, 'b']}]", "next[0].do[1]: must be the name of a task, not a number.", "next[0].do[2]: names 'b' a second time.")]
    [InlineData("'next': [{'do': {'b': 1}}]", "next[0].do: must be the name of a task or a list of names, not a mapping.")]
    [InlineData("'next': [{'else': true, 'do': 'b'}]", "next[0].else: must stand after the transitions that it is the alternative to.")]
    [InlineData("'next': [{'when': 'failed()'}, {'else': true}, {'else': true}]", "next[2].else: can never fire: one of the transitions before it always does.")]
    [InlineData("'next': [{'when': true, 'do': 'retry'}, {'else': true, 'do': 'b'}]")]
    [InlineData("'next': [{'when': 'result.x'}, {'else': true, 'do': 'retry'}, {'else': true, 'do': 'b'}]")]
    [InlineData("'next': [{'when': true}, {'else': true}]", "next[1].else: can never fire: one of the transitions before it always does.")]
    [InlineData("'next': [{'do': 'b'}, {'else': true, 'when': 'true'}]", "next[1].when: does not go with `else`, which asks for nothing but that no transition before it fired.")]
    [InlineData("'next': [{'do': 'b'}, {'else': 'yes'}]", "next[1].else: must be true or false, not a text.")]
    [InlineData("'next': [{'when': 3}]", "next[0].when: must be an expression, not a number.")]
    [InlineData("'next': [{'when': '{{ true }} or'}]", "next[0].when: must be one expression, with nothing around its braces.")]
    [InlineData("'next': [{'when': '{{ succeded() }}'}]", "next[0].when: There is no function 'succeded'. Did you mean 'succeeded'? (character 4)")]
    [InlineData("'next': [{'when': 'result.n >'}]", "next[0].when: The expression ends too early: a value is missing. (character 11)")]
    [InlineData("'next': [{'publish': 'x'}]", "next[0].publish: must be a mapping or a list of mappings, not a text.")]
    [InlineData("'next': [{'publish': [{'x': 1}, 'y']}]", "next[0].publish[1]: must be a mapping, not a text.")]
    [InlineData("'next': [{'publish': [{'x': '{{ 1 1 }}'}]}]", "next[0].publish[0].x: Unexpected `1`. An operator is missing before it. (character 6)")]
    [InlineData("'on_error': 'bb'", "on_error: There is no task 'bb'. Did you mean 'b'?")]
    [InlineData("'on_error': 'noop'", "on_error: 'noop' does not go here: `on_error` is `fail`, `continue`, or names of tasks.")]
    [InlineData("'on_error': ['b', 'fail']", "on_error[1]: 'fail' does not go here: `on_error` is `fail`, `continue`, or names of tasks.")]
    [InlineData("'on_error': true", "on_error: must be the name of a task or a list of names, not true or false.")]
    [InlineData("'join': 'all'", "join: No other task leads to this one, so there is nothing to join. Name it in the `do` of others, or leave `join` out.")]
    [InlineData("'join': 1, 'next': [{'do': 'a'}]", "join: No other task leads to this one, so there is nothing to join. Name it in the `do` of others, or leave `join` out.")]
    public void A_mistake_in_what_follows_is_told_with_its_path(string fields, params string[] mistakes)
        => Same(
            mistakes.Select(mistake => $"tasks.a.{mistake}"),
            Definition.MistakesOf($"{{'tasks': {{'a': {{'action': 'core.noop', {fields}}}, 'b': {{'action': 'core.noop'}}}}}}"));

    [Theory]
    [InlineData("", "prompt: is missing: what are people asked?")]
    [InlineData("'prompt': ' '", "prompt: must not be empty.")]
    [InlineData("'prompt': ['x']", "prompt: must be a text, not a list.")]
    [InlineData("'prompt': '{{ 1 + }}'", "prompt: The expression ends too early: a value is missing. (character 8)")]
    [InlineData("'prompt': '?', 'response_schema': {'ok': {'type': 'bool'}}", "response_schema.ok.type: 'bool' is no type: one of string, integer, number, boolean, object, array, any. Write boolean.")]
    [InlineData("'prompt': '?', 'response_schema': {'answers': {'type': 'any'}}", "response_schema.answers: 'answers' is taken: with a quorum the result has all answers under that name. Choose another.")]
    [InlineData("'prompt': '?', 'response_schema': []", "response_schema: must be a mapping of names to fields, not a list.")]
    [InlineData("'prompt': '?', 'assignees': ['ada']", "assignees: must be a mapping, not a list.")]
    [InlineData("'prompt': '?', 'assignees': {'identity': []}", "assignees.identity: is not known. Known: identities, permission_sets.")]
    [InlineData("'prompt': '?', 'assignees': {'identities': 'ada'}", "assignees.identities: must be a list of logins, or one expression in `{{ }}` that gives one.")]
    [InlineData("'prompt': '?', 'assignees': {'identities': ['ada', 3]}", "assignees.identities[1]: must be a login, not a number.")]
    [InlineData("'prompt': '?', 'assignees': {'permission_sets': ['editor']}", "assignees.permission_sets[0]: 'editor' is no ref; write `pack.name`, as in `core.editor`.")]
    [InlineData("'prompt': '?', 'quorum': 0", "quorum: must be from 1 to 1000.")]
    [InlineData("'prompt': '?', 'timeout': 0", "timeout: must be from 1 to 31536000.")]
    [InlineData("'prompt': '?', 'reminder': 1", "reminder: must be from 60 to 31536000.")]
    [InlineData("'prompt': '?', 'reminder': '{{ 60 }}'", "reminder: must be a number, not a text.")]
    [InlineData("'prompt': '?', 'no_self_answer': 'no'", "no_self_answer: must be true or false, not a text.")]
    [InlineData("'prompt': '?', 'assignee': {}", "assignee: is not known. Did you mean 'assignees'?")]
    public void A_mistake_of_an_inquiry_is_told_with_its_path(string inquiry, params string[] mistakes)
        => Same(
            mistakes.Select(mistake => $"tasks.a.inquiry.{mistake}"),
            Definition.MistakesOf($"{{'tasks': {{'a': {{'inquiry': {{{inquiry}}}}}}}}}"));

    [Fact]
    public void What_an_inquiry_cannot_have_is_refused()
        => Assert.Equal(
            [
                "tasks.a.input: means nothing for an inquiry: what people shall see goes into `inquiry.prompt`.",
                "tasks.a.worker_labels: means nothing for an inquiry, which runs on no agent.",
                "tasks.a.timeout: of an inquiry is written as `inquiry.timeout`.",
            ],
            Definition.MistakesOf("{'tasks': {'a': {'inquiry': {'prompt': '?'}, 'input': {}, 'worker_labels': {}, 'timeout': 3}}}"));

    [Fact]
    public void Of_very_many_mistakes_the_first_are_listed()
    {
        var tasks = string.Join(',', Enumerable.Range(0, 5000).Select(index => $"'t{index}': {{'actoin': '{{{{ 1 + }}}}', 'next': [{{'do': 'x{index}'}}]}}"));
        var mistakes = Definition.MistakesOf($"{{'tasks': {{{tasks}}}}}");

        Assert.Equal(101, mistakes.Length);
        Assert.Equal(": There are more than 100 mistakes; the others are not listed.", mistakes[^1]);
    }

    [Fact]
    public void More_tasks_or_edges_than_can_be_are_refused()
    {
        var many = string.Join(',', Enumerable.Range(0, 10_001).Select(index => $"'t{index}': {{}}"));
        Same(["tasks: holds 10001 tasks; at most 10000 are allowed."], Definition.MistakesOf($"{{'tasks': {{{many}}}}}"));

        var all = $"[{string.Join(',', Enumerable.Range(1, 400).Select(index => $"'t{index}'"))}]";
        var dense = string.Join(',', Enumerable.Range(0, 401).Select(index => $"'t{index}': {{'action': 'core.noop', 'next': [{{'do': {all}}}]}}"));
        Same(["tasks: The transitions name 160400 tasks in all; at most 100000 are allowed."], Definition.MistakesOf($"{{'tasks': {{{dense}}}}}"));
    }

    [Fact]
    public void What_cannot_be_a_value_is_refused()
    {
        var deep = string.Concat(Enumerable.Repeat("[", 70)) + string.Concat(Enumerable.Repeat("]", 70));
        using var document = System.Text.Json.JsonDocument.Parse($"{{\"vars\": {{\"x\": {deep}}}}}", new() { MaxDepth = 100 });
        var problems = new List<WorkflowProblem>();

        Assert.Null(Workflow.Read(document.RootElement, problems));
        Assert.StartsWith("The definition cannot be read: The maximum configured depth of 64 has been exceeded.", Assert.Single(problems).Message, StringComparison.Ordinal);
    }

    static void Same(IEnumerable<string> expected, IEnumerable<string> actual) => Assert.Equal(string.Join('\n', expected), string.Join('\n', actual));
}
