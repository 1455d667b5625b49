using System.Text;
using Attune.Engine.Schemas;
using Attune.Engine.Workflows;
using Attune.Packs.Files;

namespace Attune.Packs.Tests;

public sealed class WorkflowFileTests
{
    [Fact]
    public void Every_mistake_has_its_line_and_column()
        => Same(
            """
            1:1 version: must be a text, not a number; put it into quotes.
            5:3 tasks.build: has neither `action` nor `inquiry`. Where nothing is to run write `action: core.noop`.
            6:5 tasks.build.acton: is not known. Did you mean 'action'?
            8:16 tasks.build.input.b[1]: There is no function 'uper'. Did you mean 'upper'? (character 4)
            10:34 tasks.build.next[0].do: There is no task 'chekc'. Did you mean 'check'?
            14:7 tasks.check.retry.backoff: must be constant, linear or exponential, not 'expo'.
            """,
            """
            version: 1.0
            vars:
              a: 1
            tasks:
              build:
                acton: core.noop
                input:
                  b: ["x", "{{ uper(1) }}"]
                next:
                  - {when: "{{ failed() }}", do: chekc}
              check:
                action: core.noop
                retry:
                  backoff: expo
            """);

    [Fact]
    public void Mistakes_of_reading_do_not_hide_those_among_what_is_around_it()
        => Same(
            """
            3:7 tasks.a.action: There is no action 'core.ecoh'. Did you mean 'core.echo'?
            4:5 tasks.a.delay: There is no 'vars.m': neither `vars` nor any `publish` has it. Did you mean 'n'? (character 4)
            5:13 tasks.a.next[0].do: There is no task 'bb'. Did you mean 'b'?
            7:5 tasks.b.action: There is no action 'core.nop'. Did you mean 'core.noop'?
            8:13 tasks.b.input.message: There is no function 'uper'. Did you mean 'upper'? (character 4)
            9:5 tasks.b.retry: must be a mapping, not a number.
            11:13 tasks.c.input.mesage: is not known. Did you mean 'message'?
            """,
            """
            vars: {n: 1}
            tasks:
              a: {action: core.ecoh,
                delay: "{{ vars.m }}",
                next: [{do: bb}]}
              b:
                action: core.nop
                input: {message: "{{ uper('x') }}"}
                retry: 3
              c: {action: core.echo,
                input: {mesage: 1}}
            """);

    [Fact]
    public void A_task_in_a_list_is_found_by_its_name()
        => Same(
            """
            3:6 tasks[1].name: 'a' is the name of an earlier task already.
            6:21 tasks.b.next[0].do[1]: There is no task 'd'. Did you mean 'a'?
            """,
            """
            tasks:
              - {name: a, action: core.noop}
              - {name: a, action: core.noop}
              - name: b
                action: core.noop
                next: [{do: [a, d]}]
            """);

    [Fact]
    public void What_the_check_finds_has_its_place_too()
        => Same(
            """
            3:15 tasks.a.input.mesage: is not known. Did you mean 'message'?
            6:5 tasks.b.action: There is no action 'core.ecko'. Did you mean 'core.echo'?
            7:5 tasks.b.join: waits for 2 tasks, and only 1 leads here: 'a'.
            8:14 output_map.x: There is no 'vars.y': neither `vars` nor any `publish` has it. (character 4)
            """,
            """
            tasks:
              a: {action: core.echo,
                  input: {mesage: 1},
                  next: [{do: b}]}
              b:
                action: core.ecko
                join: 2
            output_map: {x: "{{ vars.y }}"}
            """);

    [Theory]
    [InlineData("", "0:0 : is empty.")]
    [InlineData("- a\n", "1:1 : must be a mapping of fields.")]
    [InlineData("tasks: {a: {action: core.noop}}\ntasks: {}\n", "2:0 : has the key 'tasks' a second time; the first is on line 1.")]
    [InlineData("tasks: {a: {action: core.noop}\nx: 1\n", "1:0 : is not valid YAML behind this line.")]
    [InlineData("tasks: !x {a: {action: core.noop}}", "1:0 : is not valid YAML: the tag '!x' is not known here; leave it out, and quote what must be a string.")]
    public void A_file_that_is_no_workflow_says_so(string yaml, string problem) => Same(problem, yaml);

    [Fact]
    public void Json_is_read_as_well()
    {
        var file = WorkflowFile.Read("""{"tasks": [{"name": "a", "action": "core.echo"}]}""");
        Assert.Empty(file.Check(new()));
        Assert.Equal("a", file.Workflow!.Tasks[0].Name);
    }

    [Fact]
    public void Tasks_are_kept_as_a_list_in_the_order_of_the_file()
    {
        var file = WorkflowFile.Read("tasks:\n  z: {action: core.noop, next: [{do: a}]}\n  a: {name: a, action: core.echo}\n  m: {action: core.noop}\nversion: 2.0.0\n");

        Assert.Equal(
            """{"tasks":[{"name":"z","action":"core.noop","next":[{"do":"a"}]},{"name":"a","action":"core.echo"},{"name":"m","action":"core.noop"}],"version":"2.0.0"}""",
            file.Json);
        var problems = new List<WorkflowProblem>();
        Assert.Equal(["z", "a", "m"], Workflow.Read(System.Text.Json.JsonElement.Parse(file.Json!), problems)!.Tasks.Select(task => task.Name));
    }

    [Fact]
    public void A_value_behind_an_alias_is_wrong_where_the_alias_stands()
        => Same(
            "4:26 tasks.b.retry: must be a mapping, not a text.",
            """
            vars: {text: &text some}
            tasks:
              a: {action: core.noop}
              b: {action: core.noop, retry: *text}
            """);

    [Fact]
    public void Aliases_may_share_a_task()
    {
        var file = WorkflowFile.Read("tasks:\n  a: &noop {action: core.noop}\n  b: *noop\n");
        Assert.Empty(file.Check(new()));
        Assert.Equal("core.noop", file.Workflow!.Find("b")!.ActionRef);
    }

    [Fact]
    public void An_alias_bomb_is_refused()
    {
        var bomb = new StringBuilder("vars:\n  a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
        for (var level = 1; level < 40; level++)
            bomb.Append($"  a{level}: &a{level} [{string.Join(", ", Enumerable.Repeat($"*a{level - 1}", 9))}]\n");
        Same("7:0 : is not valid YAML: stands for more than 100000 values.", bomb.Append("tasks: {a: {action: core.noop}}\n").ToString());
    }

    [Fact]
    public void A_file_of_ten_megabytes_is_refused()
        => Same("0:0 : is larger than 1024 KiB.", $"tasks:\n{string.Concat(Enumerable.Range(0, 250_000).Select(index => $"  t{index}: {{action: core.noop}}\n"))}");

    [Fact]
    public void Deep_nesting_is_refused()
        => Same("1:0 : is not valid YAML: is nested deeper than 40 levels.", $"vars: {new string('[', 100_000)}");

    [Fact]
    public void Five_thousand_tasks_are_read_and_checked()
    {
        var yaml = new StringBuilder("vars: {n: 0}\ntasks:\n");
        for (var index = 0; index < 5000; index++)
        {
            yaml.Append($"  t{index}:\n    action: core.echo\n    input: {{message: \"{{{{ vars.n }}}}\"}}\n");
            if (index < 4999)
                yaml.Append($"    next: [{{when: \"{{{{ succeeded() }}}}\", publish: {{n: 1}}, do: t{index + 1}}}]\n");
        }

        var file = WorkflowFile.Read(yaml.ToString());
        Assert.Empty(file.Check(Around));
        Assert.Equal(5000, file.Workflow!.Tasks.Count);
        Same("20002 tasks.t4999.next[0].do: There is no task 't5000'. Did you mean 't500'?", yaml.Append("    next: [{do: t5000}]\n").ToString(), column: false);
    }

    [Fact]
    public void Five_thousand_wrong_tasks_are_told_of_as_far_as_anybody_reads()
    {
        var yaml = new StringBuilder("tasks:\n");
        for (var index = 0; index < 5000; index++)
            yaml.Append($"  t{index}: {{acton: core.echo, next: [{{do: x{index}}}]}}\n");
        Assert.Equal(101, WorkflowFile.Read(yaml.ToString()).Check(Around).Count);
    }

    [Theory]
    [InlineData(70_000, 0, "The expression is longer than 65536 characters.")]
    [InlineData(0, 1000, "The expression is nested deeper than 100 levels. (character 254)")]
    public void An_expression_beyond_the_limits_is_refused(int length, int depth, string problem)
    {
        var expression = new string('(', depth) + "1" + new string(' ', length) + new string(')', depth);
        var found = Assert.Single(WorkflowFile.Read($"tasks:\n  a: {{action: core.noop, delay: '{{{{ {expression} }}}}'}}\n").Check(Around));
        Assert.Equal($"2 tasks.a.delay: {problem}", $"{found.Line} {found.Path}: {found.Message}");
    }

    static readonly WorkflowCheckSurroundings Around = new()
    {
        Actions = new CalledAction[]
        {
            new("core.echo", Schema.Parse(System.Text.Json.JsonElement.Parse("""{"message": {"type": "string"}}""")).Schema!, false),
            new("core.noop", Schema.Empty, false),
            new("c.d", Schema.Empty, false),
        }.ToDictionary(action => action.Ref),
    };

    static void Same(string problems, string yaml, bool column = true) => Assert.Equal(
        problems,
        string.Join('\n', WorkflowFile.Read(yaml).Check(Around).Select(problem => $"{problem.Line}{(column ? $":{problem.Column}" : "")} {problem.Path}: {problem.Message}")));
}
