using System.Globalization;
using System.Text.RegularExpressions;
using Attune.Benchmarks.Installations;
using Attune.Server.Storage;

namespace Attune.Benchmarks.Noop;

/// <summary>
/// The baseline: pgbench, on one connection, makes the same life of a row of the product's own table, with its triggers, keys and
/// indexes: insert, claim, complete; a hundred rows at a time, three commits. In a database of its own, because the product listens
/// to its table.
/// </summary>
sealed partial class PgbenchLife
{
    const int RowsPerScript = 100;

    readonly DurablePostgres postgres;
    readonly string script;

    PgbenchLife(DurablePostgres postgres, string script) => (this.postgres, this.script) = (postgres, script);

    // The ids of one insert are neighbours here: nobody else writes.
    const string Script = """
        with stored as (
            insert into attune.execution (
                action, action_ref, config, executor, priority, timeout_ms, worker_labels, env_vars, at_least_once, max_attempts,
                created, updated)
            select 1, 'core.noop', '{}', 1, 5, 30000, '{}', '{}', true, 1, now(), now()
            from generate_series(1, 100)
            returning id
        )
        select min(id) as first
        from stored
        \gset
        update attune.execution e
        set status = 'scheduled', worker_name = 'bench', attempt = 1, scheduled_at = now()
        from unnest(array(select generate_series(:first::bigint, :first::bigint + 99))) as t (id)
        where e.id = t.id
          and e.status = 'requested';
        update attune.execution e
        set status = 'completed', result = '{}', started_at = now(), finished_at = now()
        from unnest(array(select generate_series(:first::bigint, :first::bigint + 99))) as t (id)
        where e.id = t.id
          and e.attempt = 1
          and e.status in ('scheduled', 'running', 'canceling');
        """;

    public static async Task<PgbenchLife> CreateAsync(DurablePostgres postgres, CancellationToken ct)
    {
        await BaselineDatabase.CreateAsync(postgres, ct);
        var script = Path.Combine(postgres.Scratch, "life.sql");
        await File.WriteAllTextAsync(script, Script, ct);
        return new(postgres, script);
    }

    /// <summary>Rows that went through their whole life, per second.</summary>
    /// <param name="window">Rounded up to whole seconds, which is what pgbench takes.</param>
    public async Task<double> RunAsync(TimeSpan window, CancellationToken ct)
    {
        var seconds = Math.Max(1, (int)Math.Ceiling(window.TotalSeconds));
        var run = await CommandRun.RunAsync(
            [
                postgres.PgBench, "-h", postgres.Socket, "-U", "postgres", "-n", "-M", "prepared", "-c", "1", "-j", "1",
                "-T", seconds.ToString(CultureInfo.InvariantCulture), "-f", script, BaselineDatabase.Name,
            ],
            ct);
        var rate = ScriptsPerSecond().Match(run.Output);
        if (run.ExitCode != 0 || !rate.Success)
            throw new InvalidOperationException($"pgbench: {run.Output}");
        return double.Parse(rate.Groups[1].Value, CultureInfo.InvariantCulture) * RowsPerScript;
    }

    [GeneratedRegex(@"^tps = ([0-9.]+)", RegexOptions.Multiline)]
    private static partial Regex ScriptsPerSecond();
}
