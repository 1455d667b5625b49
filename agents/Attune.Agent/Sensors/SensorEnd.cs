using Attune.Agent.Packs;
using Attune.Agent.Running;

namespace Attune.Agent.Sensors;

/// <summary>A process's end in the words of a report.</summary>
static class SensorEnd
{
    const int BytesMax = 4 << 10;

    /// <summary>"exit code 1: No such file: /srv/in".</summary>
    public static string Describe(ProcessEnd end, string lastErrorLine)
    {
        var how = end switch
        {
            { Signal: { } signal } => $"killed by {Signals.Name(signal)}",
            { ExitCode: 0 } => "ended by itself with exit code 0",
            { ExitCode: { } code } => $"exit code {code}",
            _ => "ended for an unknown reason",
        };
        return lastErrorLine.Length > 0 ? $"{how}: {lastErrorLine}" : how;
    }

    public static string Fit(string text) => Tail.OfBytes(text, BytesMax).Replace('\0', '\uFFFD');
}
