using System.Diagnostics;

namespace Attune.Server.Storage;

/// <summary>A short program run to its end: its exit code, and its output and errors together.</summary>
sealed record CommandRun(int ExitCode, string Output)
{
    public static async Task<CommandRun> RunAsync(IReadOnlyList<string> command, CancellationToken ct)
    {
        var start = new ProcessStartInfo(command[0], command.Skip(1))
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            // The directory we stand in may be closed to the user the program runs as.
            WorkingDirectory = "/",
        };
        // Without it every message of PostgreSQL's programs would be in the operator's language, and we match some.
        start.Environment["LC_MESSAGES"] = "C";

        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(ct);
            var errors = process.StandardError.ReadToEndAsync(ct);
            await process.WaitForExitAsync(ct);
            return new(process.ExitCode, (await output + await errors).Trim());
        }
        catch (OperationCanceledException)
        {
            process.Kill();
            throw;
        }
    }
}
