using System.Text.RegularExpressions;
using Attune.Agent.Running;
using Attune.V1;

namespace Attune.Agent.Packs;

/// <summary>Asks the host which runtimes it has.</summary>
public sealed class RuntimeDetector(ProcessLoop processes)
{
    static readonly TimeSpan CommandTimeout = TimeSpan.FromSeconds(10);
    static readonly TimeSpan PatternTimeout = TimeSpan.FromSeconds(1);

    /// <summary>What the core pack asks, for a host that no server has been reached from.</summary>
    public static IReadOnlyList<RuntimeProbe> CoreProbes { get; } =
    [
        Probe("core.shell", @"version (?<version>\d+\.\d+\.\d+)", "bash"),
        Probe("core.python", @"Python (?<version>3\.\d+\.\d+)", "python3", "python"),
        Probe("core.nodejs", @"v(?<version>\d+\.\d+\.\d+)", "node", "nodejs"),
        new RuntimeProbe { RuntimeRef = "core.native", AlwaysAvailable = true },
    ];

    /// <summary>In the order of the probes; what is not here is left out.</summary>
    public async Task<IReadOnlyList<FoundRuntime>> DetectAsync(IReadOnlyList<RuntimeProbe> probes, CancellationToken ct)
    {
        var found = await Task.WhenAll(probes.Select(probe => DetectAsync(probe, ct)));
        return [.. found.OfType<FoundRuntime>()];
    }

    async Task<FoundRuntime?> DetectAsync(RuntimeProbe probe, CancellationToken ct)
    {
        if (probe.AlwaysAvailable)
        {
            return new FoundRuntime { RuntimeRef = probe.RuntimeRef };
        }

        foreach (var command in probe.Commands.OrderBy(command => command.Priority))
        {
            if (Interpreters.Find(command.Binary) is not { } path)
            {
                continue;
            }

            var start = new ProcessStart
            {
                File = path,
                Arguments = command.Args,
                Environment = RunEnvironment.Basic(Path.GetTempPath()),
                Directory = "/",
                Timeout = CommandTimeout,
            };
            var end = await ShortCommand.RunAsync(processes, start, ct);
            if (end.ExitCode == command.ExitCode && Version(command.Pattern, end.Output) is { } version)
            {
                return new FoundRuntime { RuntimeRef = probe.RuntimeRef, Version = version, Path = path };
            }
        }

        return null;
    }

    /// <returns>Null when the output is not what the pattern expects.</returns>
    static string? Version(string pattern, string output)
    {
        try
        {
            var match = Regex.Match(output, pattern, RegexOptions.CultureInvariant, PatternTimeout);
            return match.Success ? match.Groups["version"].Value : null;
        }
        catch (Exception unusable) when (unusable is ArgumentException or RegexMatchTimeoutException)
        {
            return null;
        }
    }

    static RuntimeProbe Probe(string runtimeRef, string pattern, params ReadOnlySpan<string> binaries)
    {
        var probe = new RuntimeProbe { RuntimeRef = runtimeRef };
        foreach (var binary in binaries)
        {
            probe.Commands.Add(new RuntimeProbeCommand { Binary = binary, Args = { "--version" }, Pattern = pattern, Priority = probe.Commands.Count + 1 });
        }

        return probe;
    }
}
