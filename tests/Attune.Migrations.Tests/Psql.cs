using System.Diagnostics;
using Npgsql;

namespace Attune.Migrations.Tests;

/// <summary>The real program, as an operator runs it.</summary>
static class Psql
{
    public static async Task RunFileAsync(string connectionString, string file, IEnumerable<string> options, CancellationToken ct)
    {
        var settings = new NpgsqlConnectionStringBuilder(connectionString);
        string[] arguments =
            ["-X", "-q", "-v", "ON_ERROR_STOP=1", .. options, "-h", settings.Host!, "-U", settings.Username!, "-d", settings.Database!, "-f", file];
        using var psql = Process.Start(new ProcessStartInfo("psql", arguments) { RedirectStandardError = true, RedirectStandardOutput = true })!;
        var output = psql.StandardOutput.ReadToEndAsync(ct);
        var error = await psql.StandardError.ReadToEndAsync(ct);
        await psql.WaitForExitAsync(ct);
        if (psql.ExitCode != 0)
            Assert.Fail($"psql -f {file} ended with {psql.ExitCode}:\n{await output}{error}");
    }
}
