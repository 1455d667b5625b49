using System.Text.Json;
using Attune.Testing;
using Attune.V1;
using Dapper;
using Google.Protobuf.WellKnownTypes;

namespace Attune.EndToEnd.Tests.Stories;

/// <summary>
/// Workflows over real agents. Each is told twice: undisturbed, and with the server killed twice and an agent once in the middle. The
/// outcome is the same.
/// </summary>
public sealed class WorkflowStoryTests : IAsyncLifetime
{
    readonly TestPack pack = new("e2e_flow");
    Site site = null!;
    AgentProcess first = null!;
    AgentProcess second = null!;

    static CancellationToken Soon => Waiting.SoonEnough;

    public async Task InitializeAsync()
    {
        site = await Site.StartAsync(Soon, ("Workers:Lease", "00:00:06"), ("Workers:Heartbeat", "00:00:01"));
        first = await site.AddAgentAsync("first", ["--label", "zone=one", "--slots", "64"], Soon);
        second = await site.AddAgentAsync("second", ["--label", "zone=two", "--slots", "64"], Soon);
    }

    public async Task DisposeAsync()
    {
        pack.Dispose();
        await site.DisposeAsync();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Six_services_are_renewed_in_waves_of_two_with_an_approval_before_the_second_and_the_bad_one_goes_back(bool disturbed)
    {
        await InstallFleetAsync();
        var fleet = Directory.CreateDirectory(Path.Combine(site.Folder, "fleet")).FullName;
        string[] services = ["auth", "billing", "cart", "docs", "edge", "feed"];
        foreach (var service in services)
            await File.WriteAllTextAsync(Path.Combine(fleet, service), "old", Soon);

        var id = await site.StartAsync("e2e_flow.rolling", $$"""{"fleet": "{{fleet}}", "services": {{JsonSerializer.Serialize(services)}}}""", Soon);
        var misfortune = disturbed ? new Misfortune(site).BefallAsync(() => TasksEndedAsync(), (2, 5, 12), first) : Task.CompletedTask;
        var question = await AskedAsync(id);

        // Nothing of the second wave has begun before somebody said yes.
        Assert.Equal(["new", "new", "old", "old", "old", "old"], services.Select(service => File.ReadAllText(Path.Combine(fleet, service))));
        Assert.Equal("Wave one is through (auth, billing). Go on with 4 more?", question.Prompt);
        await RespondAsync(question.Id, """{"approved": true}""");
        await misfortune;

        var ended = await site.EndAsync(id, Soon);
        Assert.Equal((ExecutionStatus.Completed, (ExecutionError?)null), (ended.Status, ended.Error));
        Assert.Equal(
            """{"renewed":["auth","billing","cart","edge","feed"],"rolled_back":["docs"]}""", Json(ended.Result));
        Assert.Equal(["new", "new", "new", "old", "new", "new"], services.Select(service => File.ReadAllText(Path.Combine(fleet, service))));

        // In waves: each service's first word comes after the last of every earlier wave.
        var order = (await File.ReadAllLinesAsync(Path.Combine(fleet, "journal"), Soon)).Select(line => Array.IndexOf(services, line) / 2);
        Assert.Equal(order.Order(), order);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_nightly_backup_compresses_on_one_agent_and_verifies_on_another(bool disturbed)
    {
        await InstallBackupAsync();
        var names = Enumerable.Range(0, 12).Select(number => $"dir{number:00}").ToArray();
        foreach (var name in names)
        {
            var directory = Directory.CreateDirectory(Path.Combine(site.Folder, "data", name)).FullName;
            await File.WriteAllTextAsync(Path.Combine(directory, "content.txt"), string.Concat(Enumerable.Repeat($"{name}\n", 500)), Soon);
        }

        var directories = JsonSerializer.Serialize(names.Select(name => Path.Combine(site.Folder, "data", name)));
        var target = Directory.CreateDirectory(Path.Combine(site.Folder, "backup")).FullName;
        var id = await site.StartAsync("e2e_flow.backup", $$"""{"directories": {{directories}}, "target": "{{target}}"}""", Soon);
        if (disturbed)
            await new Misfortune(site).BefallAsync(() => TasksEndedAsync(), (3, 8, 16), second);

        var ended = await site.EndAsync(id, Soon);
        Assert.Equal((ExecutionStatus.Completed, (ExecutionError?)null), (ended.Status, ended.Error));
        Assert.Equal($$"""{"archives":{{JsonSerializer.Serialize(names.Select(name => $"{name}.tar.gz"))}},"verified":12}""", Json(ended.Result));
        Assert.Equal(names.Select(name => $"{name}.tar.gz"), Directory.GetFiles(target).Select(Path.GetFileName).Order());

        await using var connection = await site.Database.Db.OpenConnectionAsync(Soon);
        Assert.Equal(
            ["compress first", "verify second"],
            await connection.QueryAsync<string>("""
                select distinct (workflow_task ->> 'task_name') || ' ' || worker_name
                from execution
                where parent = @id
                order by 1
                """, new { id }));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_cycle_counts_Fibonacci(bool disturbed)
    {
        await pack
            .Write("actions/fibonacci.yaml", """
                ref: e2e_flow.fibonacci
                label: Fibonacci
                workflow_file: workflows/fibonacci.workflow.yaml
                parameters: {n: {type: integer, required: true}}
                output: {number: {type: integer, required: true}, steps: {type: integer, required: true}}
                """)
            .Write("actions/workflows/fibonacci.workflow.yaml", """
                version: 1.0.0
                vars: {a: 0, b: 1, k: 0}
                tasks:
                  begin:
                    action: core.noop
                    next: [{do: step}]
                  step:
                    action: core.echo
                    delay: 0.02
                    input: {message: "{{ vars.k }}"}
                    next:
                      - when: "{{ vars.k + 1 < parameters.n }}"
                        publish: {a: "{{ vars.b }}", b: "{{ vars.a + vars.b }}", k: "{{ vars.k + 1 }}"}
                        do: step
                      - else: true
                        publish: {a: "{{ vars.b }}", k: "{{ vars.k + 1 }}"}
                output_map: {number: "{{ vars.a }}", steps: "{{ vars.k }}"}
                """)
            .InstallAsync(site.Client, Soon);

        var id = await site.StartAsync("e2e_flow.fibonacci", """{"n": 78}""", Soon);
        if (disturbed)
            await new Misfortune(site).BefallAsync(() => TasksEndedAsync(), (10, 30, 55), first);

        var ended = await site.EndAsync(id, Soon);
        Assert.Equal((ExecutionStatus.Completed, (ExecutionError?)null), (ended.Status, ended.Error));
        Assert.Equal("""{"number":8944394323791464,"steps":78}""", Json(ended.Result));
        Assert.Equal(79, await CountAsync("select count(*) from execution where parent = @id", id));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_thousand_items_run_fifty_at_a_time_and_give_their_results_in_order(bool disturbed)
    {
        await pack
            .Shell("square", """
                eval "$(cat)"
                echo $((number * number))
                """, "parameters: {number: {type: integer, required: true}}\nparameter_format: dotenv\noutput_format: json\ndelivery: at_least_once")
            .Write("actions/squares.yaml", """
                ref: e2e_flow.squares
                label: Squares
                workflow_file: workflows/squares.workflow.yaml
                parameters: {count: {type: integer, required: true}}
                output: {squares: {type: array, required: true}}
                """)
            .Write("actions/workflows/squares.workflow.yaml", """
                version: 1.0.0
                vars: {squares: []}
                tasks:
                  each:
                    action: e2e_flow.square
                    with_items: "{{ range(parameters.count) }}"
                    concurrency: 50
                    input: {number: "{{ item }}"}
                    next: [{publish: {squares: "{{ result }}"}}]
                output_map: {squares: "{{ vars.squares }}"}
                """)
            .InstallAsync(site.Client, Soon);

        var id = await site.StartAsync("e2e_flow.squares", """{"count": 1000}""", Soon);
        using var watching = new CancellationTokenSource();
        var most = MostAtOnceAsync(id, watching.Token);
        if (disturbed)
            await new Misfortune(site).BefallAsync(() => TasksEndedAsync(), (100, 400, 700), first);

        await Waiting.UntilAsync(
            async () => await CountAsync("select count(*) from execution where id = @id and finished_at is not null", id) == 1,
            () => $"the thousand\n{string.Join('\n', site.Outputs)}",
            within: TimeSpan.FromMinutes(4),
            lookAgainAfter: TimeSpan.FromMilliseconds(200),
            CancellationToken.None);
        var ended = await site.GetAsync(id, Soon);
        await watching.CancelAsync();
        Assert.Equal((ExecutionStatus.Completed, (ExecutionError?)null), (ended.Status, ended.Error));
        Assert.Equal($$"""{"squares":{{JsonSerializer.Serialize(Enumerable.Range(0, 1000).Select(number => number * number))}}}""", Json(ended.Result));
        Assert.Equal(1000, await CountAsync("select count(*) from execution where parent = @id", id));
        Assert.InRange(await most, 2, 50);
    }

    Task InstallFleetAsync() => pack
        .Shell("restart", """
            eval "$(cat)"
            printf new > "$fleet/$service.next" && mv "$fleet/$service.next" "$fleet/$service"
            grep -qx "$service" "$fleet/journal" 2>/dev/null || echo "$service" >> "$fleet/journal"
            """, Service)
        .Shell("check", """
            eval "$(cat)"
            if [ "$service" = docs ] && [ "$(cat "$fleet/$service")" = new ]; then echo "docs does not answer" >&2; exit 1; fi
            """, Service)
        .Shell("rollback", """
            eval "$(cat)"
            printf old > "$fleet/$service.next" && mv "$fleet/$service.next" "$fleet/$service"
            """, Service)
        .Write("actions/renew.yaml", """
            ref: e2e_flow.renew
            label: Renew one service
            workflow_file: workflows/renew.workflow.yaml
            parameters: {service: {type: string, required: true}, fleet: {type: string, required: true}}
            output: {service: {type: string, required: true}, renewed: {type: boolean, required: true}}
            """)
        .Write("actions/workflows/renew.workflow.yaml", """
            version: 1.0.0
            vars: {renewed: false}
            tasks:
              restart:
                action: e2e_flow.restart
                input: {service: "{{ parameters.service }}", fleet: "{{ parameters.fleet }}"}
                next: [{do: check}]
              check:
                action: e2e_flow.check
                input: {service: "{{ parameters.service }}", fleet: "{{ parameters.fleet }}"}
                next:
                  - {publish: {renewed: true}}
                  - {else: true, do: rollback}
              rollback:
                action: e2e_flow.rollback
                input: {service: "{{ parameters.service }}", fleet: "{{ parameters.fleet }}"}
            output_map: {service: "{{ parameters.service }}", renewed: "{{ vars.renewed }}"}
            """)
        .Write("actions/rolling.yaml", """
            ref: e2e_flow.rolling
            label: Renew a fleet
            workflow_file: workflows/rolling.workflow.yaml
            parameters: {services: {type: array, items: {type: string}, required: true}, fleet: {type: string, required: true}}
            output: {renewed: {type: array, required: true}, rolled_back: {type: array, required: true}}
            """)
        .Write("actions/workflows/rolling.workflow.yaml", """
            version: 1.0.0
            vars: {done: []}
            tasks:
              wave_one:
                action: e2e_flow.renew
                with_items: {service: "{{ parameters.services[0:2] }}"}
                input: {service: "{{ item.service }}", fleet: "{{ parameters.fleet }}"}
                next: [{publish: {done: "{{ result }}"}, do: approve}]
              approve:
                inquiry:
                  prompt: "Wave one is through ({{ join(map(vars.done, each => each.service), ', ') }}). Go on with {{ length(parameters.services) - 2 }} more?"
                  response_schema: {approved: {type: boolean, required: true}}
                next:
                  - {when: "{{ succeeded() and result.approved }}", do: rest}
                  - {else: true, do: fail}
              rest:
                action: e2e_flow.renew
                with_items: {service: "{{ parameters.services[2:] }}"}
                batch_size: 2
                input: {service: "{{ item.service }}", fleet: "{{ parameters.fleet }}"}
                next: [{publish: {done: "{{ vars.done + result }}"}}]
            output_map:
              renewed: "{{ map(filter(vars.done, each => each.renewed), each => each.service) }}"
              rolled_back: "{{ map(filter(vars.done, each => not each.renewed), each => each.service) }}"
            """)
        .InstallAsync(site.Client, Soon);

    const string Service = "parameters: {service: {type: string, required: true}, fleet: {type: string, required: true}}\nparameter_format: dotenv\ndelivery: at_least_once";

    Task InstallBackupAsync() => pack
        .Python("compress", """
            import gzip, json, os, sys, tarfile
            given = json.load(sys.stdin)
            name = os.path.basename(given["directory"]) + ".tar.gz"
            part = os.path.join(given["target"], "." + name + "." + os.environ["ATTUNE_EXEC_ID"])
            with tarfile.open(part, "w:gz") as archive:
                archive.add(given["directory"], arcname=os.path.basename(given["directory"]))
            os.replace(part, os.path.join(given["target"], name))
            print(json.dumps({"name": name, "files": 1}))
            """, "parameters: {directory: {type: string, required: true}, target: {type: string, required: true}}\noutput_format: json\ndelivery: at_least_once")
        .Python("verify", """
            import json, os, sys, tarfile
            given = json.load(sys.stdin)
            with tarfile.open(os.path.join(given["target"], given["name"])) as archive:
                files = [member for member in archive.getmembers() if member.isfile()]
                good = all(archive.extractfile(member).read() for member in files)
            print(json.dumps(good and len(files) == given["files"]))
            """, "parameters: {name: {type: string, required: true}, files: {type: integer, required: true}, target: {type: string, required: true}}\noutput_format: json\ndelivery: at_least_once")
        .Write("actions/backup.yaml", """
            ref: e2e_flow.backup
            label: Back up directories
            workflow_file: workflows/backup.workflow.yaml
            parameters: {directories: {type: array, items: {type: string}, required: true}, target: {type: string, required: true}}
            output: {archives: {type: array, required: true}, verified: {type: integer, required: true}}
            """)
        .Write("actions/workflows/backup.workflow.yaml", """
            version: 1.0.0
            vars: {archives: [], verified: 0}
            tasks:
              compress:
                action: e2e_flow.compress
                with_items: "{{ parameters.directories }}"
                concurrency: 4
                worker_labels: {zone: one}
                input: {directory: "{{ item }}", target: "{{ parameters.target }}"}
                next: [{publish: {archives: "{{ result }}"}, do: verify}]
              verify:
                action: e2e_flow.verify
                with_items: "{{ vars.archives }}"
                concurrency: 4
                worker_labels: {zone: two}
                input: {name: "{{ item.name }}", files: "{{ item.files }}", target: "{{ parameters.target }}"}
                next:
                  - {when: "{{ succeeded() and length(filter(result, good => not good)) == 0 }}", publish: {verified: "{{ length(result) }}"}}
                  - {else: true, do: fail}
            output_map: {archives: "{{ map(vars.archives, each => each.name) }}", verified: "{{ vars.verified }}"}
            """)
        .InstallAsync(site.Client, Soon);

    async Task<Inquiry> AskedAsync(long id)
    {
        var inquiries = await Waiting.ForAsync(
            async () => (await site.Client.Inquiries.ListInquiriesAsync(
                new() { WorkflowExecutionId = id, Statuses = { InquiryStatus.Pending } }, cancellationToken: Soon)).Inquiries,
            pending => pending.Count == 1,
            $"the question of {id}",
            Soon);
        return inquiries[0];
    }

    async Task RespondAsync(long inquiry, string response) => await site.Client.Inquiries.RespondInquiryAsync(
        new() { RequestId = Guid.NewGuid().ToString("N"), InquiryId = inquiry, Response = Struct.Parser.ParseJson(response) }, cancellationToken: Soon);

    Task<long> TasksEndedAsync() => CountAsync("select count(*) from execution where workflow_task is not null and finished_at is not null", 0);

    async Task<long> CountAsync(string query, long id)
    {
        await using var connection = await site.Database.Db.OpenConnectionAsync(CancellationToken.None);
        return await connection.QuerySingleAsync<long>(query, new { id });
    }

    async Task<long> MostAtOnceAsync(long id, CancellationToken until)
    {
        var most = 0L;
        while (!until.IsCancellationRequested)
            most = Math.Max(most, await CountAsync("select count(*) from execution where parent = @id and finished_at is null", id));
        return most;
    }

    // Members in alphabetical order, so that it reads the same however it was stored.
    static string Json(Value value)
    {
        using var json = JsonDocument.Parse(value.ToString());
        return JsonSerializer.Serialize(Sorted(json.RootElement));
    }

    static object? Sorted(JsonElement json) => json.ValueKind switch
    {
        JsonValueKind.Object => new SortedDictionary<string, object?>(
            json.EnumerateObject().ToDictionary(member => member.Name, member => Sorted(member.Value)), StringComparer.Ordinal),
        JsonValueKind.Array => json.EnumerateArray().Select(Sorted).ToArray(),
        JsonValueKind.Number when json.TryGetInt64(out var whole) => whole,
        JsonValueKind.Number => json.GetDouble() is var number && number == Math.Truncate(number) ? (long)number : number,
        JsonValueKind.String => json.GetString(),
        JsonValueKind.Null => null,
        _ => json.GetBoolean(),
    };
}
