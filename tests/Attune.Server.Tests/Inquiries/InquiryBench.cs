using System.Text.Json;
using Attune.Engine.Workflows;
using Attune.Server.Identities;
using Attune.Server.Inquiries;
using Attune.Server.Tests.Hosting;
using Attune.Testing;
using Attune.V1;
using Dapper;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Enum = System.Enum;
using InquiryStatus = Attune.V1.InquiryStatus;

namespace Attune.Server.Tests.Inquiries;

/// <summary>
/// One or more replicas whose clock the test moves, with the core pack. A workflow that asks is an execution here, and each of its questions
/// another: what the conductor writes before it calls StoreInquiries, so that nothing but inquiries is under test.
/// </summary>
sealed class InquiryBench : IAsyncDisposable
{
    public const string MayRespond = """[{"resource": "inquiries", "actions": ["read", "respond"]}]""";

    public const string Approval = """{"approved": {"type": "boolean", "required": true}, "note": {"type": "string", "max_length": 10}}""";

    // There is no such run: what its tasks tell is kept in a table of the test, and conducted by nobody.
    const long WorkflowOfNobody = 999_999;

    readonly List<EdgeBench> replicas = [];

    InquiryBench(EdgeBench server, CallInvoker admin) => (Server, Admin) = (server, admin);

    public EdgeBench Server { get; }

    public CallInvoker Admin { get; }

    public ManualClock Clock => Server.Clock;

    public DateTimeOffset Now => Clock.GetUtcNow();

    public InquiryService.InquiryServiceClient AsAdmin => new(Admin);

    static CancellationToken Soon => Waiting.SoonEnough;

    public static async Task<InquiryBench> StartAsync()
    {
        var server = await EdgeBench.StartAsync(Soon);
        await Waiting.UntilAsync(
            async () => await server.ScalarAsync<bool>("select exists (select from trigger where ref = 'core.inquiry_reminder')", Soon),
            "the core pack", Soon);
        await server.ExecuteAsync(
            """
            create table told (execution bigint);
            create function tell_test() returns trigger language plpgsql as $$
            begin
                insert into attune.told values (new.execution);
                return null;
            end $$;
            create trigger tell_test after insert on workflow_happening for each row when (new.kind = 'ended') execute function tell_test();
            """,
            Soon);
        return new(server, await server.AsAdminAsync(Soon));
    }

    public async Task<EdgeBench> AddReplicaAsync()
    {
        replicas.Add(await Server.StartReplicaAsync(Soon));
        return replicas[^1];
    }

    /// <summary>Somebody with a permission set `test.LOGIN`.</summary>
    public async Task<InquiryService.InquiryServiceClient> AsNewAsync(string login, string grants = MayRespond)
        => new(await Server.AsNewAsync(login, grants, Soon));

    /// <summary>As the process of an execution calls.</summary>
    public InquiryService.InquiryServiceClient AsExecution(long execution, string grants = "core.admin")
        => new(Server.With(Server.Get<TokenService>().ForExecution(execution, [grants], TimeSpan.FromHours(1))));

    /// <summary>A run of `shop.deploy`, started by whom the SQL expression says, below a workflow or not.</summary>
    public async Task<long> StartWorkflowAsync(string executor = "null", string parent = "null", string enforcement = "null", string action = "shop.deploy")
        => await ReadAsync<long>(
            $$"""
            insert into execution (action_ref, executor, parent, enforcement, is_workflow, status)
            values ('{{action}}', {{executor}}, {{parent}}, {{enforcement}}, true, 'running')
            returning id
            """);

    /// <returns>Ids of the inquiries.</returns>
    public async Task<IReadOnlyList<long>> AskAsync(long workflow, int count, Func<int, AskPeople> question)
    {
        await using var connection = await Server.Database.Db.OpenConnectionAsync(Soon);
        await using var transaction = await connection.BeginTransactionAsync(Soon);
        var executions = (await connection.QueryAsync<long>(
            """
            insert into execution (action_ref, parent, status, started_at, workflow_task)
            select split_part(e.action_ref, '.', 1) || '.inquiry', e.id, 'running', @now,
                jsonb_build_object('workflow_execution', @nobody, 'task_name', 'approve', 'run', n)
            from execution e
            cross join generate_series(1, @count) n
            where e.id = @workflow
            order by n
            returning id
            """,
            new { workflow, count, now = Now, nobody = WorkflowOfNobody })).Order().ToList();
        await Server.Get<StoreInquiries>().InsertAsync(
            connection, [.. executions.Select((execution, index) => new NewInquiry(execution, question(index)))], Now, Soon);
        await transaction.CommitAsync(Soon);
        return (await connection.QueryAsync<long>("select id from inquiry where execution = any(@executions) order by id", new { executions })).ToList();
    }

    public async Task<long> AskAsync(AskPeople? question = null, long workflow = 0)
        => (await AskAsync(workflow is 0 ? await StartWorkflowAsync() : workflow, 1, _ => question ?? Question()))[0];

    public static AskPeople Question(
        string prompt = "Install it?", string? schema = Approval, string[]? identities = null, string[]? sets = null, int quorum = 1,
        double? timeout = null, double? reminder = null, bool noSelfAnswer = false) => new(
            new(1, -1, 0), "approve", prompt, schema is null ? default : JsonElement.Parse(schema), identities ?? [], sets ?? [], quorum,
            timeout is { } seconds ? TimeSpan.FromSeconds(seconds) : null,
            reminder is { } interval ? TimeSpan.FromSeconds(interval) : null, noSelfAnswer, 1);

    public async Task<Inquiry> ShowAsync(long id) => (await AsAdmin.GetInquiryAsync(new() { InquiryId = id })).Inquiry;

    /// <summary>`completed {"approved": true, …}`: how the execution behind the inquiry stands, with its result or error.</summary>
    public Task<string> OutcomeAsync(long id) => ReadAsync<string>(
        $"""
        select concat_ws(' ', e.status::text, e.result::text, e.error::text)
        from execution e join inquiry i on i.execution = e.id
        where i.id = {id}
        """);

    /// <summary>Ends of tasks that workflows were told.</summary>
    public Task<long> ToldAsync() => ReadAsync<long>("select count(*) from told");

    /// <summary>`created 5` or `reminder 5 2`: what events told of inquiries, in order.</summary>
    public async Task<IReadOnlyList<string>> EventsAsync()
    {
        await using var connection = await Server.Database.Db.OpenConnectionAsync(Soon);
        return (await connection.QueryAsync<string>(
            """
            select concat_ws(' ', replace(trigger_ref, 'core.inquiry_', ''), payload ->> 'inquiry_id', payload ->> 'reminder')
            from event
            where trigger_ref like 'core.inquiry%'
            order by (payload ->> 'inquiry_id')::bigint, (payload ->> 'reminder')::int nulls first, id
            """)).ToList();
    }

    /// <summary>Every question was told once, so that nothing but reminders and timeouts is to come.</summary>
    public Task AnnouncedAsync() => Waiting.UntilAsync(
        async () => await ReadAsync<long>("select count(*) from inquiry where notice_count = 0 and status = 'pending'") == 0, "questions are told", Soon);

    /// <summary>Moves the clock until nothing is due any more: a loop may be between its look and its sleep.</summary>
    public async Task AdvanceAsync(double seconds)
    {
        Clock.Advance(TimeSpan.FromSeconds(seconds));
        var now = Now;
        await Waiting.UntilAsync(
            async () => await ReadAsync<long>(
                $"select count(*) from inquiry where status = 'pending' and (timeout_at <= '{now:O}' or notice_at <= '{now:O}')") == 0,
            "nothing is due", Soon);
    }

    public static Struct Json(string json) => Struct.Parser.ParseJson(json);

    public static RespondInquiryRequest Answer(long id, string json = """{"approved": true}""") => new() { InquiryId = id, Response = Json(json) };

    public static string Word(InquiryStatus status) => Enum.GetName(status)!;

    public Task<T> ReadAsync<T>(string sql) => Server.ScalarAsync<T>(sql, Soon);

    public Task ExecuteAsync(string sql) => Server.ExecuteAsync(sql, Soon);

    public async ValueTask DisposeAsync()
    {
        foreach (var replica in replicas)
            await replica.DisposeAsync();
        await Server.DisposeAsync();
    }
}
