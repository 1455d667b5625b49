namespace Attune.Testing;

/// <summary>One finished `attune …`.</summary>
public sealed record CliRun(int ExitCode, string Output, string Errors)
{
    /// <param name="configFile">The CLI's own configuration file, with its login; a user's is never touched.</param>
    /// <param name="args">As typed.</param>
    /// <param name="ct">Ends the waiting; the process is then killed.</param>
    public static async Task<CliRun> RunAsync(string configFile, IReadOnlyList<string> args, CancellationToken ct)
    {
        await using var process = Start(configFile, args);
        return new(await process.ExitAsync(ct), process.Output, process.Errors);
    }

    /// <summary>For a command that goes on, such as `--follow`.</summary>
    public static RunningProcess Start(string configFile, IReadOnlyList<string> args)
        => RunningProcess.Start(BuiltProgram.Cli, args, new Dictionary<string, string> { ["ATTUNE_CONFIG"] = configFile });
}
