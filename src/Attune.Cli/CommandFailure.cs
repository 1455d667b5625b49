namespace Attune.Cli;

/// <summary>Ends the command. The message says what happened, the hint what to do next.</summary>
sealed class CommandFailure(string message, string? hint = null, int exitCode = ExitCode.Usage) : Exception(message)
{
    public string? Hint => hint;

    public int ExitCode => exitCode;

    /// <summary>Where and what, one line each: `parameters.port: must be at most 65535`.</summary>
    public IReadOnlyList<string> Lines { get; init; } = [];
}
