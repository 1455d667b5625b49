using System.Text.Json;
using Attune.Agent.Configuration;
using Attune.Agent.Packs;
using Attune.Agent.Running;
using Microsoft.Extensions.Logging;

namespace Attune.Agent.Status;

/// <summary>The commands that look and change nothing.</summary>
static class Inspect
{
    public static async Task<int> DetectAsync(CommandLine commandLine)
    {
        if (commandLine.Errors.Count > 0)
            return Refuse(commandLine.Errors);

        using var loggers = StderrLogging.Create(LogLevel.Warning);
        await using var processes = new ProcessLoop(TimeProvider.System, loggers.CreateLogger<ProcessLoop>());
        var found = await new RuntimeDetector(processes).DetectAsync(RuntimeDetector.CoreProbes, CancellationToken.None);
        IReadOnlyList<RuntimeStatus> rows = [.. found.Select(each => new RuntimeStatus(each.RuntimeRef, each.Version, each.Path))];

        if (commandLine.Last(Setting.Output) == "json")
            Console.Out.WriteLine(JsonSerializer.Serialize(rows, StatusJson.Default.IReadOnlyListRuntimeStatus));
        else if (rows.Count == 0)
            Console.Out.WriteLine("No runtimes found: this host can run built-in actions only.");
        else
            foreach (var row in rows)
                Console.Out.WriteLine($"{row.Runtime,-16} {row.Version,-12} {row.Path}".TrimEnd());
        return ExitCode.Stopped;
    }

    public static async Task<int> StatusAsync(CommandLine commandLine, Func<string, string?> environment)
    {
        if (commandLine.Errors.Count > 0)
            return Refuse(commandLine.Errors);

        var directory = SettingsReader.StateDirectoryOf(commandLine, environment);
        try
        {
            if (await StatusSocket.AskAsync(directory, CancellationToken.None) is not { } report)
            {
                Console.Error.WriteLine($"attune-agent: no agent runs with the state directory {directory}. Name another with --state-dir, --name or --config.");
                return ExitCode.Failed;
            }

            if (commandLine.Last(Setting.Output) == "json")
                Console.Out.WriteLine(System.Text.Encoding.UTF8.GetString(report.ToJson()));
            else
                Console.Out.Write(StatusTree.Render(report));
            return ExitCode.Stopped;
        }
        catch (Exception failure) when (failure is System.Net.Sockets.SocketException or IOException or JsonException)
        {
            Console.Error.WriteLine($"attune-agent: the agent in {directory} does not answer: {failure.Message}. Its status is for its own user and root.");
            return ExitCode.Failed;
        }
    }

    public static int Refuse(IReadOnlyList<SettingError> errors)
    {
        Console.Error.WriteLine(errors.Count == 1 ? "attune-agent: a setting is wrong:" : $"attune-agent: {errors.Count} settings are wrong:");
        foreach (var error in errors)
            Console.Error.WriteLine($"  {error}");
        return ExitCode.Settings;
    }
}
