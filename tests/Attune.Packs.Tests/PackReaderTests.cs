namespace Attune.Packs.Tests;

public sealed class PackReaderTests : IDisposable
{
    const string Manifest = "ref: edge\nlabel: Edge\nversion: 1.4.0\n";

    readonly PackFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("packs/core", 5, 5)]
    [InlineData("packs/examples/ops", 4, 0)]
    public void The_packs_that_come_with_attune_are_right(string path, int actions, int runtimes)
    {
        var (_, reading) = PackReader.ReadDirectory(Path.Combine(PackFolder.RepositoryRoot, path));
        Assert.Empty(reading.Problems);
        Assert.Equal(actions, reading.Content!.Actions.Count);
        Assert.Equal(runtimes, reading.Content.Runtimes.Count);
        Assert.All(reading.Content.Actions, action => Assert.NotEmpty(action.Description));
    }

    [Fact]
    public void Every_kind_of_file_is_read()
    {
        var content = Example(folder).Read();
        Assert.Empty(content.Problems);
        var pack = content.Content!;

        Assert.Equal(("edge", "1.4.0", "eu"), (pack.Manifest.Ref, pack.Manifest.Version, JsonOf(pack.Manifest.Config, "region")));
        Assert.Equal(["api_token"], pack.Manifest.ConfSchema.Schema.SecretPaths);

        var check = Assert.Single(pack.Actions, action => action.Ref == "edge.check_cert");
        Assert.Equal("actions/check_cert.py", check.EntryPoint);
        Assert.Equal(("core.python", ">=3.9", "json", 30), (check.Runtime, check.RuntimeVersion, check.OutputFormat, check.TimeoutSeconds));
        Assert.Equal(["client_key"], check.Parameters.Schema.SecretPaths);
        Assert.Equal((3, 2.0, "exponential", 30.0), (check.Retry!.MaxAttempts, check.Retry.DelaySeconds, check.Retry.Backoff, check.Retry.MaxDelaySeconds));
        Assert.Equal("edge", check.WorkerLabels["zone"]);

        var rotate = Assert.Single(pack.Actions, action => action.IsWorkflow);
        Assert.Equal("actions/workflows/rotate_cert.workflow.yaml", rotate.WorkflowFile);
        Assert.Contains("\"do\":[\"a\",\"b\"]", rotate.Graph!.Json, StringComparison.Ordinal);

        Assert.Equal(["edge.cert_expiring"], Assert.Single(pack.Sensors).Triggers);
        Assert.Equal("edge.rotate_cert", Assert.Single(pack.Rules).Action);
        var policy = Assert.Single(pack.Policies);
        Assert.Equal((2, "enqueue", 10, 3600), (policy.ConcurrencyLimit, policy.ConcurrencyMethod, policy.RateLimit, policy.RateWindowSeconds));
        Assert.Equal("""[{"resource":"inquiries","actions":["read","respond"],"constraints":{"packs":["edge"]}}]""", Assert.Single(pack.PermissionSets).Grants);
    }

    [Fact]
    public void Every_mistake_of_a_whole_pack_is_named_at_once_with_its_line()
    {
        folder
            .With("pack.yaml", "ref: edge\nversion: 1.4\nlable: Edge\ntags: tls\ndependencies: {core: latest}\n")
            .With("actions/a.yaml", """
                ref: other.a
                runtime: core.python
                entry_point: a.py
                timeoutSeconds: 30
                output_format: jsn
                enabled: yes
                parameters:
                  host: {type: strin}
                  port:
                    type: integer
                    minimun: 1
                retry:
                  max_attempts: 0
                  on: [failed, sometimes]
                """)
            .With("actions/b.yaml", "ref: edge.b\nruntime: core.shell\nentry_point: ../../etc/passwd\n")
            .With("actions/c.yaml", "ref: edge.c\nworkflow_file: workflows/none.workflow.yaml\n")
            .With("actions/d.yml", "ref: edge.d\n")
            .With("triggers/t.yaml", "label: T\nref: edge.t\nref: edge.t2\n")
            .With("sensors/s.yaml", "ref: edge.s\nruntime: core.python\nentry_point: s.py\ntriggers: [edge.tt]\n")
            .With("sensors/s.py", "")
            .With("rules/r.yaml", "ref: edge.r\ntrigger: edge.t\naction: edge.bb\nconditions: {al: []}\n")
            .With("policies/p.yaml", "- not\n- a mapping\n")
            .With("permission_sets/x.yaml", "ref: edge.x\ngrants:\n  - {resource: executions, actions: [read], constraints: {pack: [edge]}}\n")
            .With("runtimes/y.yaml", "ref: edge.y\nname: Y\ndistributions:\n  verification: {commands: [{binary: y, pattern: '('}]}\nexecution_config: {env_vars: {ATTUNE_X: '1'}}\n");

        string[] expected =
        [
            "actions/a.yaml:1 ref: 'other.a' must begin with the pack's ref",
            "actions/a.yaml:3 entry_point: 'actions/a.py' is not in the pack.",
            "actions/a.yaml:4 timeoutSeconds: is not known. Did you mean 'timeout_seconds'?",
            "actions/a.yaml:5 output_format: must be text, json, yaml or jsonl, not 'jsn'. Did you mean 'json'?",
            "actions/a.yaml:6 enabled: must be true or false, not a text.",
            "actions/a.yaml:8 parameters.host.type: 'strin' is no type",
            "actions/a.yaml:11 parameters.port.minimun: is not known in a schema field. Did you mean 'minimum'?",
            "actions/a.yaml:13 retry.max_attempts: must be from 1 to 100.",
            "actions/a.yaml:14 retry.on[1]: must be failed, timeout, lost.",
            "actions/b.yaml:3 entry_point: '../../etc/passwd' must be a path below `actions/`",
            "actions/c.yaml:2 workflow_file: 'actions/workflows/none.workflow.yaml' is not in the pack.",
            "actions/d.yml: would be overlooked",
            "pack.yaml:2 version: must be a text: write \"1.4\" in quotes.",
            "pack.yaml:3 lable: is not known. Did you mean 'label'?",
            "pack.yaml:4 tags: must be a list of texts, not a text.",
            "pack.yaml:5 dependencies: core: 'latest' is no version bound",
            "permission_sets/x.yaml:3 grants[0].constraints.packs: must name at least one pack",
            "permission_sets/x.yaml:3 grants[0].constraints.pack: is not known. Did you mean 'packs'?",
            "policies/p.yaml:1: must be a mapping of fields.",
            "rules/r.yaml:3 action: 'edge.bb' is not in this pack. Did you mean 'edge.b'?",
            "rules/r.yaml:4 conditions.al: is not known here. Did you mean 'all'?",
            "runtimes/y.yaml:4 distributions.verification.commands[0].pattern: is no regular expression",
            "runtimes/y.yaml:5 execution_config.env_vars.ATTUNE_X: is no name for it",
            "sensors/s.yaml:4 triggers: 'edge.tt' is not in this pack. Did you mean 'edge.t'?",
            "triggers/t.yaml:3: has the key 'ref' a second time; the first is on line 2.",
        ];

        var problems = folder.Problems();
        Assert.All(expected, wanted => Assert.Contains(problems, problem => problem.StartsWith(wanted, StringComparison.Ordinal)));
        Assert.Equal(expected.Length, problems.Length);
        Assert.Null(folder.Read().Content);
    }

    [Theory]
    [InlineData("ref: edge.a\nentry_point: a.sh\n", "actions/a.yaml:1 runtime: is missing.")]
    [InlineData("ref: edge.a\nruntime: core.shell\n", "actions/a.yaml:1 entry_point: is missing.")]
    [InlineData("runtime: core.shell\nentry_point: a.sh\n", "actions/a.yaml:1 ref: is missing.")]
    [InlineData("ref: Edge.A\nruntime: core.shell\nentry_point: a.sh\n", "actions/a.yaml:1 ref: 'Edge.A' is no ref")]
    [InlineData("ref: edge.a\nruntime: shell\nentry_point: a.sh\n", "actions/a.yaml:2 runtime: 'shell' is no ref")]
    [InlineData("ref: edge.a\nruntime: core.native\nentry_point: builtin:nop\n", "actions/a.yaml:3 entry_point: 'builtin:nop' is not built in")]
    [InlineData("ref: edge.a\nruntime: core.native\nentry_point: a.sh\n", "actions/a.sh: must be executable")]
    [InlineData("ref: edge.a\nruntime: core.shell\nentry_point: /etc/passwd\n", "actions/a.yaml:3 entry_point: '/etc/passwd' must be a path below")]
    [InlineData("ref: edge.a\nruntime: core.shell\nentry_point: a.sh\nparameter_format: dotenv\nparameters: {a-b: {type: string}}\n", "actions/a.yaml:5 parameters: 'a-b' is no shell variable")]
    [InlineData("ref: edge.a\nruntime: core.shell\nentry_point: a.sh\nruntime_version: '>=x.'\n", "actions/a.yaml:4 runtime_version: ")]
    [InlineData("ref: edge.a\nruntime: core.shell\nentry_point: a.sh\nparameters:\n  p: {type: integer, default: many}\n", "actions/a.yaml:5 parameters.p.default: must be an integer, not a string.")]
    [InlineData("ref: edge.a\nruntime: core.shell\nentry_point: a.sh\nlabel: 12\n", "actions/a.yaml:4 label: must be a text: write \"12\" in quotes.")]
    public void A_mistake_in_an_action_is_named(string yaml, string expected)
    {
        folder.With("pack.yaml", Manifest).With("actions/a.yaml", yaml).With("actions/a.sh", "");
        Assert.StartsWith(expected, Assert.Single(folder.Problems()), StringComparison.Ordinal);
    }

    [Fact]
    public void One_ref_in_two_files_is_refused()
    {
        const string Trigger = "ref: edge.t\n";
        folder.With("pack.yaml", Manifest).With("triggers/a.yaml", Trigger).With("triggers/b.yaml", Trigger);
        Assert.Equal(["triggers/b.yaml ref: 'edge.t' is in triggers/a.yaml already."], folder.Problems());
    }

    [Fact]
    public void Config_that_does_not_fit_its_schema_is_refused_and_what_is_missing_may_come_later()
    {
        folder.With("pack.yaml", Manifest + "conf_schema:\n  region: {type: string, enum: [eu]}\n  token: {type: string, required: true}\nconfig:\n  region: us\n");
        Assert.Equal(["pack.yaml:8 config.region: must be one of eu."], folder.Problems());
    }

    [Fact]
    public void A_pack_without_pack_yaml_says_so() => Assert.StartsWith("pack.yaml: is missing", Assert.Single(folder.Problems()), StringComparison.Ordinal);

    [Fact]
    public void A_workflow_with_an_unknown_field_is_refused_where_it_is()
    {
        folder.With("pack.yaml", Manifest)
            .With("actions/w.yaml", "ref: edge.w\nworkflow_file: workflows/w.workflow.yaml\n")
            .With("actions/workflows/w.workflow.yaml", "version: 1.0.0\ntask: []\n");
        Assert.Equal(
            ["actions/workflows/w.workflow.yaml:1 tasks: is missing.", "actions/workflows/w.workflow.yaml:2 task: is not known. Did you mean 'tasks'?"],
            folder.Problems());
    }

    [Fact]
    public void Links_and_pipes_are_refused_and_what_tools_leave_behind_is_left_out()
    {
        folder.With("pack.yaml", Manifest).With(".git/config", "x").With("lib/__pycache__/a.pyc", "x").With("empty", "");
        File.CreateSymbolicLink(Path.Combine(folder.Path, "link"), "/etc/passwd");
        Directory.CreateSymbolicLink(Path.Combine(folder.Path, "folder"), "/etc");
        using (var made = System.Diagnostics.Process.Start("mkfifo", Path.Combine(folder.Path, "pipe")))
            made.WaitForExit();

        Assert.Equal(["folder", "link", "pipe"], folder.Read().Problems.Select(problem => problem.File));
        Assert.Equal(["empty", "pack.yaml"], PackReader.ReadDirectory(folder.Path).Files.All.Select(file => file.Path));
    }

    static PackFolder Example(PackFolder folder) => folder
        .With("pack.yaml", Manifest + """
            description: Keep the edge nodes healthy
            author: Ops Team
            email: ops@example.com
            tags: [network, tls]
            runtime_deps: [core.shell, core.python]
            dependencies: {core: ">=1.0.0"}
            conf_schema:
              region:      {type: string, required: true, enum: [eu, us]}
              api_token:   {type: string, secret: true}
            config: {region: eu}
            testing: {runner: script, entry_point: tests/run.sh, timeout_seconds: 120, min_pass_rate: 1.0, on_failure: block}
            meta: {documentation_url: "https://docs.example.com/edge"}
            """)
        .With("actions/check_cert.py", "print()")
        .With("actions/check_cert.yaml", """
            ref: edge.check_cert
            label: Check a certificate
            runtime: core.python
            runtime_version: ">=3.9"
            entry_point: check_cert.py
            parameters:
              host:       {type: string, required: true, description: Host name or address}
              client_key: {type: string, secret: true}
            output:
              not_after:  {type: string, format: date-time}
            output_format: json
            timeout_seconds: 30
            delivery: at_least_once
            retry: {max_attempts: 3, delay_seconds: 2, backoff: exponential, max_delay_seconds: 30, on: [failed, timeout, lost]}
            worker_labels: {zone: edge}
            permission_sets: []
            tags: [tls]
            """)
        .With("actions/rotate_cert.yaml", "ref: edge.rotate_cert\nlabel: Rotate\nworkflow_file: workflows/rotate_cert.workflow.yaml\ntimeout_seconds: 7200\nparameters: {domain: {type: string, required: true}}\n")
        .With("actions/workflows/rotate_cert.workflow.yaml", """
            version: 1.0.0
            vars: {serial: null}
            cancellation: allow_finish
            tasks:
              issue:
                action: edge.check_cert
                input: {host: "{{ parameters.domain }}"}
                next:
                  - {when: "{{ succeeded() }}", do: [a, b]}
              a: {action: core.noop}
              b: {action: core.noop}
            output_map: {serial: "{{ vars.serial }}"}
            """)
        .With("triggers/cert_expiring.yaml", "ref: edge.cert_expiring\nlabel: Ends\noutput: {host: {type: string, required: true}, days_left: {type: integer}}\n")
        .With("sensors/cert_watch.py", "")
        .With("sensors/cert_watch.yaml", """
            ref: edge.cert_watch
            runtime: core.python
            entry_point: cert_watch.py
            triggers: [edge.cert_expiring]
            parameters: {interval_seconds: {type: integer, default: 3600}}
            config: {interval_seconds: 900}
            """)
        .With("rules/rotate.yaml", """
            ref: edge.rotate_expiring
            trigger: edge.cert_expiring
            conditions:
              all:
                - {field: days_left, operator: less_than, value: 7}
                - "{{ event.payload.host not in pack.config.excluded | default([]) }}"
            action: edge.rotate_cert
            action_params: {domain: "{{ event.payload.host }}"}
            """)
        .With("policies/slow.yaml", """
            ref: edge.rotate_slowly
            name: Two at once
            action: edge.rotate_cert
            parameters: [region]
            concurrency: {limit: 2, method: enqueue}
            rate: {limit: 10, window_seconds: 3600, method: enqueue}
            priority: 5
            """)
        .With("permission_sets/approvers.yaml", "ref: edge.approvers\ngrants:\n  - {resource: inquiries, actions: [read, respond], constraints: {packs: [edge]}}\n");

    static string? JsonOf(string json, string name) => System.Text.Json.JsonDocument.Parse(json).RootElement.GetProperty(name).GetString();
}
