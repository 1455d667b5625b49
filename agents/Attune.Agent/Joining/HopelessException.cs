namespace Attune.Agent.Joining;

/// <summary>Trying again without a change is hopeless: the process ends with the code and says the message.</summary>
sealed class HopelessException(int exitCode, string message) : Exception(message)
{
    public int ExitCode => exitCode;
}
