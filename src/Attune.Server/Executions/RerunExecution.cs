using System.Buffers;
using System.Text.Json;
using Attune.Server.Hosting;
using Dapper;
using Npgsql;

namespace Attune.Server.Executions;

/// <summary>Starts an execution's action again with what it was started with; secrets are carried over without being shown.</summary>
sealed class RerunExecution(NpgsqlDataSource db, StartExecution start, ParameterSecrets secrets)
{
    const string Find = """
        select action_ref, config::text as config, timeout_ms, priority, worker_labels::text as worker_labels,
            env_vars::text as env_vars
        from execution
        where id = @id
        """;

    sealed record Earlier
    {
        public required string ActionRef { get; init; }
        public string? Config { get; init; }
        public required long TimeoutMs { get; init; }
        public required short Priority { get; init; }
        public required string WorkerLabels { get; init; }
        public required string EnvVars { get; init; }
    }

    /// <param name="overlay">JSON object laid over the earlier parameters.</param>
    public async Task<Result<StartExecution.Started>> RunAsync(
        Caller caller, string requestId, long id, ReadOnlyMemory<byte> overlay, CancellationToken ct)
    {
        // To run it again is to see what it was run with, so whoever may not read it may not do that either.
        if (await FindAsync(id, ct) is not { } earlier || !caller.May("executions", "read", earlier.ActionRef.Split('.', 2)[0]))
            return ExecutionStore.NotFound([id]);
        if (overlay.Span.IndexOf("\"$secret\""u8) >= 0)
            return Failure.Invalid("PARAMETERS_INVALID", "parameters", "the name '$secret' is reserved; use another one.");

        var command = new StartCommand
        {
            ActionRef = earlier.ActionRef,
            Parameters = Overlay(secrets.Reveal(earlier.Config), overlay),
            WorkerLabels = Read(earlier.WorkerLabels),
            Timeout = TimeSpan.FromMilliseconds(earlier.TimeoutMs),
            Priority = earlier.Priority,
            EnvVars = Read(earlier.EnvVars),
            RerunOf = id,
            Trusted = true,
            SealedPaths = ParameterSecrets.SealedPaths(earlier.Config),
        };
        return await start.RunAsync(caller, "RerunExecution", requestId, [command], _ => "", ct);
    }

    // Its connection goes back before the insert asks the pool for one.
    async Task<Earlier?> FindAsync(long id, CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        return await connection.QuerySingleOrDefaultAsync<Earlier>(new CommandDefinition(Find, new { id }, cancellationToken: ct));
    }

    static Dictionary<string, string> Read(string json) => JsonSerializer.Deserialize<Dictionary<string, string>>(json) ?? [];

    static ReadOnlyMemory<byte> Overlay(ReadOnlyMemory<byte> under, ReadOnlyMemory<byte> over)
    {
        using var below = JsonDocument.Parse(under);
        using var above = JsonDocument.Parse(over);
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            foreach (var property in below.RootElement.EnumerateObject())
            {
                if (!above.RootElement.TryGetProperty(property.Name, out _))
                    property.WriteTo(writer);
            }

            foreach (var property in above.RootElement.EnumerateObject())
                property.WriteTo(writer);
            writer.WriteEndObject();
        }

        return buffer.WrittenMemory;
    }
}
