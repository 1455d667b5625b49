namespace Attune.Cli;

/// <summary>What the process answers to the shell. API: scripts depend on it.</summary>
static class ExitCode
{
    public const int Ok = 0;

    /// <summary>The execution that was run or followed did not complete.</summary>
    public const int ExecutionFailed = 1;

    /// <summary>The workflow that was checked has problems.</summary>
    public const int ProblemsFound = 1;

    /// <summary>The run that was to be changed stands as before.</summary>
    public const int NothingDone = 1;

    /// <summary>The request cannot be carried out as it was put: a wrong option, a wrong parameter, nothing by that name.</summary>
    public const int Usage = 2;

    /// <summary>No answer from the server, or none that makes sense.</summary>
    public const int Unreachable = 3;

    /// <summary>Not logged in, or not allowed.</summary>
    public const int NotAllowed = 4;

    /// <summary>A mistake in this program: EX_SOFTWARE of sysexits.h.</summary>
    public const int Bug = 70;

    /// <summary>Ctrl-C: 128 + SIGINT, as shells have it. What was followed goes on; its outcome is not known.</summary>
    public const int Interrupted = 130;
}
