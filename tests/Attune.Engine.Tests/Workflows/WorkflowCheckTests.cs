using Attune.Engine.Schemas;
using Attune.Engine.Workflows;

namespace Attune.Engine.Tests.Workflows;

public sealed class WorkflowCheckTests
{
    static readonly WorkflowCheckSurroundings Around = new()
    {
        Ref = "shop.deploy",
        Parameters = SchemaOf("{'version': {'type': 'string'}, 'hosts': {'type': 'array'}, 'password': {'type': 'string', 'secret': true}, 'auth': {'type': 'object', 'properties': {'user': {'type': 'string'}, 'key': {'type': 'string', 'secret': true}}}}"),
        PackConfig = SchemaOf("{'region': {'type': 'string'}, 'token': {'type': 'string', 'secret': true}}"),
        Actions = new CalledAction[]
        {
            new("core.noop", SchemaOf("{}"), false),
            new("shop.release", SchemaOf("{}"), true),
            new("core.echo", SchemaOf("{'message': {'type': 'string'}}"), false),
            new("shop.install", SchemaOf("{'host': {'type': 'string', 'required': true}, 'port': {'type': 'integer', 'maximum': 65535}, 'login': {'type': 'object', 'properties': {'key': {'type': 'string', 'secret': true}}}, 'password': {'type': 'string', 'secret': true}}"), false),
        }.ToDictionary(action => action.Ref),
        PermissionSets = ["core.editor", "shop.approver"],
    };

    [Fact]
    public void A_workflow_that_is_right_has_no_mistakes()
        => Assert.Equal("", Find("""
            {'vars': {'done': 0, 'version': '{{ parameters.version }}', 'region': '{{ pack.config.region }}'},
             'tasks': {
              'build': {'action': 'core.echo', 'input': {'message': 'for {{ vars.version }}'}, 'retry': {'when': '{{ failed() and error.reason == execution.id }}'},
                        'next': [{'publish': {'image': '{{ result.image }}'}, 'do': 'approve'}]},
              'approve': {'inquiry': {'prompt': '{{ vars.image }}?', 'quorum': '{{ length(parameters.hosts) }}', 'assignees': {'permission_sets': ['shop.approver']}},
                        'next': [{'when': '{{ succeeded() and result.approved }}', 'do': 'install'}, {'else': true, 'do': 'noop'}]},
              'install': {'action': 'shop.install', 'with_items': {'host': '{{ parameters.hosts }}', 'port': [1, 2]}, 'timeout': '{{ index + 1 }}',
                        'input': {'host': '{{ item.host }}', 'port': '{{ item.port }}', 'login': {'key': '{{ parameters.auth.key }}'}, 'password': '{{ pack.config.token }}'},
                        'retry': {'when': 'item.port > batch and cancelled()'},
                        'next': [{'publish': [{'done': '{{ length(result) }}'}, {'again': '{{ vars.done }}'}]}]}},
             'output_map': {'done': '{{ vars.done }}', 'by': '{{ execution.executor }}', 'state': '{{ task.install.status }}', 'at': '{{ now() }}'}}
            """));

    [Theory]
    [InlineData("'action': 'core.ecko'", "action: There is no action 'core.ecko'. Did you mean 'core.echo'?")]
    [InlineData("'action': 'shop.deploy', 'input': {'version': '1'}")]
    [InlineData("'action': 'shop.deploy', 'input': {'verson': '1'}", "input.verson: is not known. Did you mean 'version'?")]
    [InlineData("'action': 'core.noop', 'timeout': 604800")]
    [InlineData("'action': 'core.noop', 'timeout': 604801", "timeout: must be at most 604800, a week: only workflows and inquiries may take longer.")]
    [InlineData("'action': 'core.noop', 'timeout': '{{ 604801 }}'")]
    [InlineData("'action': 'shop.deploy', 'timeout': 604801")]
    [InlineData("'action': 'shop.release', 'timeout': 604801")]
    [InlineData("'inquiry': {'prompt': '?', 'timeout': 604801}")]
    [InlineData("'action': 'shop.install'", "input.host: is required: give a string.")]
    [InlineData("'action': 'shop.install', 'input': {'host': 'a', 'prot': 1}", "input.prot: is not known. Did you mean 'port'?")]
    [InlineData("'action': 'shop.install', 'input': {'host': 3, 'port': 70000}", "input.host: must be a string, not a number.", "input.port: must be at most 65535.")]
    [InlineData("'action': 'shop.install', 'input': {'hots': '{{ parameters.version }}'}", "input.hots: is not known. Did you mean 'host'?", "input.host: is required: give a string.")]
    [InlineData("'action': 'core.noop', 'input': {'x': '{{ parameters.version }}'}", "input.x: is not known: the action takes no parameters.")]
    [InlineData("'inquiry': {'prompt': '?', 'assignees': {'permission_sets': ['core.editor', 'shop.aprover']}}", "inquiry.assignees.permission_sets[1]: There is no permission set 'shop.aprover'. Did you mean 'shop.approver'?")]
    [InlineData("'action': 'core.noop', 'with_items': {'a': [1, 2], 'b': ['{{ 1 }}'], 'c': '{{ [] }}'}", "with_items.b: has 1 items and 'a' 2: lists that are gone through together must be of the same length.")]
    public void A_call_that_cannot_be_is_told(string task, params string[] mistakes) => Same(task, mistakes);

    [Theory]
    [InlineData("{{ parameters.versoin }}", "'parameters.versoin' is not known. Did you mean 'version'? (character 4)")]
    [InlineData("{{ parameters.auth.usr }}", "'parameters.auth.usr' is not known. Did you mean 'user'? (character 4)")]
    [InlineData("{{ default(parameters.versoin, 1) }}")]
    [InlineData("a {{ vars.imgae }}", "There is no 'vars.imgae': neither `vars` nor any `publish` has it. Did you mean 'image'? (character 6)")]
    [InlineData("{{ task.zz.result }}", "There is no task 'zz'. Did you mean 'z'? (character 4)")]
    [InlineData("{{ task.z.reslt }}", "There is no 'task.z.reslt'. Did you mean 'result'? (character 4)")]
    [InlineData("{{ pack.config.regoin }}", "'pack.config.regoin' is not known. Did you mean 'region'? (character 4)")]
    [InlineData("{{ pack.ref }}", "There is no 'pack.ref'. Known: config. (character 4)")]
    [InlineData("{{ execution.user }}", "There is no 'execution.user'. Known: id, action_ref, created, executor. (character 4)")]
    [InlineData("{{ result.x }}", "'result' is known only in `next` and `retry.when` of a task; elsewhere write task.NAME.result. (character 4)")]
    [InlineData("{{ item }}", "'item' is known only in a task with `with_items`. (character 4)")]
    [InlineData("{{ now }}", "'now' is not known here. A function is called with parentheses: now(). (character 4)")]
    [InlineData("{{ version }}", "There is no 'version' here. Did you mean 'parameters.version'? (character 4)")]
    [InlineData("{{ image }}", "There is no 'image' here. Did you mean 'vars.image'? (character 4)")]
    [InlineData("{{ z }}", "There is no 'z' here. Did you mean 'task.z.result'? (character 4)")]
    [InlineData("{{ paramters.version }}", "There is no 'paramters' here. Did you mean 'parameters'? (character 4)")]
    [InlineData("{{ succeeded() }}", "succeeded() asks about the task that just ended: it means something only in `next` and `retry.when`. (character 4)")]
    public void A_name_that_is_not_there_is_told(string message, params string[] mistakes)
        => Same($"'action': 'core.echo', 'input': {{'message': \"{message}\"}}", [.. mistakes.Select(mistake => $"input.message: {mistake}")]);

    [Theory]
    [InlineData("'with_items': {'host': [1]}, 'delay': '{{ item }}'", "delay: 'item' is known only where each item is run: in `input`, `timeout`, `worker_labels`, `inquiry` and `retry.when`. (character 4)")]
    [InlineData("'with_items': {'host': [1]}, 'timeout': '{{ item.hots }}'", "timeout: There is no 'item.hots'. Did you mean 'host'? (character 4)")]
    [InlineData("'with_items': [1], 'next': [{'when': 'index == 1'}]", "next[0].when: 'index' is known only where each item is run: in `input`, `timeout`, `worker_labels`, `inquiry` and `retry.when`. (character 1)")]
    [InlineData("'next': [{'when': 'error.raeson == 1'}]", "next[0].when: There is no 'error.raeson'. Did you mean 'reason'? (character 1)")]
    [InlineData("'next': [{'publish': [{'x': 1}, {'y': '{{ vars.yy }}'}]}]", "next[0].publish[1].y: There is no 'vars.yy': neither `vars` nor any `publish` has it. Did you mean 'y'? (character 4)")]
    [InlineData("'worker_labels': {'zone': '{{ zone }}'}", "worker_labels.zone: There is no 'zone' here. Known: parameters, vars, task, pack, execution. (character 4)")]
    [InlineData("'retry': {'when': 'status'}", "retry.when: There is no 'status' here. Known: parameters, vars, task, pack, execution, result, error. (character 1)")]
    public void Each_place_has_its_names(string fields, params string[] mistakes) => Same($"'action': 'core.noop', {fields}", mistakes);

    [Fact]
    public void What_is_there_at_the_start_is_less_than_at_the_end()
        => Assert.Equal(
            "vars.b: There is no 'vars' here. Known: parameters, pack, execution. (character 4)\n"
            + "output_map.c: 'error' is known only in `next` and `retry.when` of a task; elsewhere write task.NAME.error. (character 4)",
            Find("{'vars': {'a': 1, 'b': '{{ vars.a }}'}, 'tasks': {'a': {'action': 'core.noop'}}, 'output_map': {'c': '{{ error }}'}}"));

    [Theory]
    [InlineData("'action': 'shop.install', 'input': {'host': '{{ parameters.password }}'}", "input.host: 'parameters.password' holds the secret 'password', and this parameter is shown to everybody. Give it to a secret parameter. (character 4)")]
    [InlineData("'action': 'shop.install', 'input': {'host': 'a', 'login': '{{ parameters.auth }}'}", "input.login: 'parameters.auth' holds the secret 'auth.key', and this parameter is shown to everybody. Give it to a secret parameter. (character 4)")]
    [InlineData("'action': 'core.echo', 'input': {'message': '{{ parameters }}'}", "input.message: 'parameters' holds the secret 'password', and this parameter is shown to everybody. Give it to a secret parameter. (character 4)")]
    [InlineData("'action': 'core.echo', 'input': {'message': '{{ parameters.auth.user }}'}")]
    [InlineData("'action': 'core.noop', 'next': [{'when': 'parameters.password == 1'}]", "next[0].when: 'parameters.password' holds the secret 'password', which may only go into an `input` that is secret there too. (character 1)")]
    [InlineData("'action': 'core.noop', 'next': [{'publish': {'x': '{{ pack.config }}'}}]", "next[0].publish.x: 'pack.config' holds the secret 'token', which may only go into an `input` that is secret there too. (character 4)")]
    [InlineData("'action': 'core.noop', 'with_items': '{{ [parameters.password] }}'", "with_items: 'parameters.password' holds the secret 'password', which may only go into an `input` that is secret there too. (character 5)")]
    [InlineData("'inquiry': {'prompt': '{{ parameters.password }}'}", "inquiry.prompt: 'parameters.password' holds the secret 'password', which may only go into an `input` that is secret there too. (character 4)")]
    public void A_secret_that_would_show_is_told(string task, params string[] mistakes) => Same(task, mistakes);

    [Theory]
    [InlineData("{'tasks': {'a': {'action': 'shop.deploy'}}}", true)]
    [InlineData("{'tasks': {'a': {'action': 'core.noop'}, 'b': {'action': 'shop.deploy', 'next': [{'when': 'result.x', 'do': 'b'}]}}}", true)]
    [InlineData("{'tasks': {'a': {'action': 'shop.deploy', 'with_items': '{{ parameters.hosts }}'}}}", false)]
    [InlineData("{'tasks': {'a': {'action': 'core.noop', 'next': [{'do': 'b'}]}, 'b': {'action': 'shop.deploy'}}}", false)]
    public void A_workflow_that_cannot_but_call_itself_is_told(string definition, bool isCertain)
        => Assert.Equal(isCertain, Find(definition).Contains("is this workflow itself", StringComparison.Ordinal));

    [Fact]
    public void Secrets_stay_out_of_variables_and_output()
        => Assert.Equal(
            "vars.x: 'parameters.password' holds the secret 'password', which may only go into an `input` that is secret there too. (character 4)\n"
            + "output_map.y: 'pack' holds the secret 'token', which may only go into an `input` that is secret there too. (character 4)",
            Find("{'vars': {'x': '{{ parameters.password }}'}, 'tasks': {'a': {'action': 'core.noop'}}, 'output_map': {'y': '{{ pack }}'}}"));

    [Fact]
    public void What_is_not_known_is_not_checked()
    {
        const string Definition = "{'tasks': {'a': {'action': 'x.y', 'input': {'b': '{{ parameters.c }}{{ pack.config.d }}'}}, 'b': {'action': 'core.zzz'}, 'c': {'inquiry': {'prompt': '?', 'assignees': {'permission_sets': ['q.r']}}}}}";

        Assert.Empty(WorkflowCheck.Find(Workflows.Definition.Read(Definition), new()));
        Assert.Equal(
            ["tasks.b.action"],
            WorkflowCheck.Find(Workflows.Definition.Read(Definition), new() { Actions = Around.Actions, PermissionSets = [], OnlyPack = "core", PackConfig = Schema.Empty })
                .Select(problem => problem.Path));
    }

    [Fact]
    public void A_near_ref_is_found_among_those_that_are_not_called()
        => Assert.Equal(
            "There is no action 'core.slep'. Did you mean 'core.sleep'?",
            Assert.Single(WorkflowCheck.Find(Definition.Read("{'tasks': {'a': {'action': 'core.slep'}}}"), Around with { ActionRefs = ["core.sleep", "core.echo"] })).Message);

    [Fact]
    public void The_actions_of_a_workflow_are_listed_once()
        => Assert.Equal(
            ["a.b", "c.d"],
            WorkflowCheck.ActionsOf(Definition.Read("{'tasks': {'a': {'action': 'a.b'}, 'b': {'action': 'c.d'}, 'c': {'action': 'a.b'}, 'd': {'inquiry': {'prompt': '?'}}}}")));

    static void Same(string task, string[] mistakes) => Assert.Equal(
        string.Join('\n', mistakes.Select(mistake => $"tasks.a.{mistake}")),
        Find($"{{'tasks': {{'z': {{'action': 'core.noop', 'next': [{{'publish': {{'image': 1}}, 'do': 'a'}}]}}, 'a': {{{task}}}}}}}"));

    static string Find(string definition) => string.Join('\n', WorkflowCheck.Find(Definition.Read(definition), Around).Select(problem => $"{problem.Path}: {problem.Message}"));

    static Schema SchemaOf(string json) => Schema.Parse(Definition.Json(json)).Schema!;
}
