using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using Npgsql;
using NpgsqlTypes;

namespace Attune.Server.Inquiries;

/// <summary>Stores questions and withdraws them, in the transaction of whoever carries out the workflow.</summary>
[SuppressMessage("Performance", "CA1822", Justification = "Given to those who carry out workflows, as every other use case is.")]
sealed class StoreInquiries
{
    /// <summary>In UTF-16 units; what is longer is cut, because nobody reads it.</summary>
    public const int PromptLengthMax = 10_000;

    // Told at once: the loop finds them as it finds reminders, so the conductor's transaction has nothing to do with rules and events.
    const string Insert = """
        insert into inquiry (
            execution, prompt, response_schema, assignee_logins, assignee_permission_sets, quorum, no_self_answer, timeout_at, reminder_ms,
            notice_at, created, updated, assigned_to)
        select
            t.execution, t.prompt, t.response_schema::jsonb, t.logins, t.permission_sets, t.quorum, t.no_self_answer,
            @now + t.timeout_ms * interval '1 millisecond', t.reminder_ms, @now, @now, @now,
            case when cardinality(t.logins) = 1 and cardinality(t.permission_sets) = 0
                then (select i.id from identity i where lower(i.login) = lower(t.logins[1])) end
        from (
            select n.*,
                array(select jsonb_array_elements_text(n.logins_json::jsonb)) as logins,
                array(select jsonb_array_elements_text(n.permission_sets_json::jsonb)) as permission_sets
            from unnest(
                @executions::bigint[], @prompts::text[], @schemas::text[], @logins::text[], @permission_sets::text[], @quorums::int[],
                @no_self_answers::bool[], @timeouts::bigint[], @reminders::bigint[])
                with ordinality as n (
                    execution, prompt, response_schema, logins_json, permission_sets_json, quorum, no_self_answer, timeout_ms, reminder_ms,
                    position)
        ) t
        order by t.position
        """;

    /// <summary>One statement, however many.</summary>
    public async Task InsertAsync(
        NpgsqlConnection connection, IReadOnlyList<NewInquiry> inquiries, DateTimeOffset now, CancellationToken ct)
    {
        if (inquiries.Count == 0)
            return;

        await using var command = new NpgsqlCommand(Insert, connection);
        Add("executions", NpgsqlDbType.Bigint, each => each.ExecutionId);
        Add("prompts", NpgsqlDbType.Text, each => Cut(Clean(each.Ask.Prompt)));
        Add("schemas", NpgsqlDbType.Text, each => SchemaText(each.Ask.ResponseSchema));
        Add("logins", NpgsqlDbType.Text, each => Names(each.Ask.Identities, StringComparer.OrdinalIgnoreCase));
        Add("permission_sets", NpgsqlDbType.Text, each => Names(each.Ask.PermissionSets, StringComparer.Ordinal));
        Add("quorums", NpgsqlDbType.Integer, each => Math.Max(1, each.Ask.Quorum));
        Add("no_self_answers", NpgsqlDbType.Boolean, each => each.Ask.NoSelfAnswer);
        Add("timeouts", NpgsqlDbType.Bigint, each => Milliseconds(each.Ask.Timeout));
        Add("reminders", NpgsqlDbType.Bigint, each => Milliseconds(each.Ask.Reminder));
        command.Parameters.Add(new("now", NpgsqlDbType.TimestampTz) { Value = now });
        await command.ExecuteNonQueryAsync(ct);

        void Add<T>(string name, NpgsqlDbType type, Func<NewInquiry, T> value)
            => command.Parameters.Add(new(name, type | NpgsqlDbType.Array) { Value = inquiries.Select(value).ToArray() });
    }

    // Executions first and then their inquiries, as everybody who ends an inquiry locks them: so nobody waits in a circle.
    const string Lock = """
        select id
        from execution
        where id = any(@executions)
        order by id
        for no key update
        """;

    const string Cancel = """
        update inquiry
        set status = 'cancelled', finished_at = @now
        where execution = any(@executions)
          and status = 'pending'
        """;

    /// <summary>Withdraws what is pending of these executions. The executions themselves are the caller's.</summary>
    public async Task CancelAsync(NpgsqlConnection connection, IReadOnlyList<long> executionIds, DateTimeOffset now, CancellationToken ct)
    {
        if (executionIds.Count == 0)
            return;

        var executions = executionIds.ToArray();
        await using var batch = new NpgsqlBatch(connection)
        {
            BatchCommands =
            {
                new(Lock) { Parameters = { new("executions", executions) } },
                new(Cancel) { Parameters = { new("executions", executions), new("now", NpgsqlDbType.TimestampTz) { Value = now } } },
            },
        };
        await batch.ExecuteNonQueryAsync(ct);
    }

    static string? SchemaText(JsonElement schema)
        => schema.ValueKind is JsonValueKind.Undefined or JsonValueKind.Null ? null : schema.GetRawText();

    static string Names(IReadOnlyList<string> names, StringComparer comparer)
        => names.Count == 0 ? "[]" : JsonSerializer.Serialize(names.Select(Clean).Distinct(comparer));

    static long? Milliseconds(TimeSpan? span) => span is { } given ? Math.Max(1, (long)given.TotalMilliseconds) : null;

    static string Cut(string prompt)
    {
        if (prompt.Length <= PromptLengthMax)
            return prompt;

        var end = PromptLengthMax - 1;
        return string.Concat(prompt.AsSpan(0, char.IsHighSurrogate(prompt[end - 1]) ? end - 1 : end), "…");
    }

    // Rendered from anything; the database takes neither NUL nor half a surrogate pair, and one question must not fail a whole batch.
    static string Clean(string text)
    {
        var isClean = !text.Contains('\0', StringComparison.Ordinal);
        for (var at = 0; isClean && at < text.Length; at++)
        {
            if (char.IsSurrogate(text[at]))
                isClean = char.IsSurrogatePair(text, at++);
        }

        return isClean
            ? text
            : string.Concat(text.EnumerateRunes().Select(rune => rune.Value == 0 ? "\uFFFD" : rune.ToString()));
    }
}
