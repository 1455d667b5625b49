using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using Attune.V1;
using Microsoft.Extensions.Logging;

namespace Attune.Agent.Configuration;

/// <summary>Turns texts into <see cref="AgentSettings"/> and finds every mistake at once.</summary>
sealed partial class SettingsReader(SettingValues values, Func<string, string?> environment)
{
    readonly List<SettingError> errors = [.. values.Errors];

    public static bool TryRead(
        CommandLine commandLine,
        Func<string, string?> environment,
        [NotNullWhen(true)] out AgentSettings? settings,
        out IReadOnlyList<SettingError> errors)
    {
        var reader = new SettingsReader(SettingValues.Read(commandLine, environment), environment);
        settings = reader.Read();
        errors = reader.errors;
        return errors.Count == 0;
    }

    /// <summary>Only what finds a running agent: its name and state directory.</summary>
    public static string StateDirectoryOf(CommandLine commandLine, Func<string, string?> environment)
    {
        var reader = new SettingsReader(SettingValues.Read(commandLine, environment), environment);
        return reader.StateDirectory(reader.Name());
    }

    AgentSettings Read()
    {
        var name = Name();
        return new()
        {
            Name = name,
            Server = Server(),
            StateDirectory = StateDirectory(name),
            Role = Choice(Setting.Role, WorkerRole.Action, ("action", WorkerRole.Action), ("sensor", WorkerRole.Sensor), ("hybrid", WorkerRole.Hybrid)),
            Type = Choice(Setting.Type, WorkerType.Remote, ("local", WorkerType.Local), ("remote", WorkerType.Remote), ("container", WorkerType.Container)),
            Labels = Labels(),
            Slots = (int)Number(Setting.Slots, AgentSettings.DefaultSlots, 1, 10_000),
            CaFile = CaFile(),
            JoinToken = JoinToken(),
            StopGrace = StopGrace(),
            SpoolLimitBytes = Number(Setting.SpoolLimit, 256, 1, 65_536) << 20,
            EventLimitBytes = Number(Setting.EventLimit, 256, 1, 65_536) << 20,
            LogLevel = Choice(
                Setting.LogLevel,
                LogLevel.Information,
                ("debug", LogLevel.Debug),
                ("information", LogLevel.Information),
                ("info", LogLevel.Information),
                ("warning", LogLevel.Warning),
                ("error", LogLevel.Error)),
        };
    }

    Uri Server()
    {
        if (values[Setting.Server] is not { } text)
            Wrong(Setting.Server, "is missing", "Give the control plane's address: https://attune.example.com:7700");
        else if (!Uri.TryCreate(text, UriKind.Absolute, out var server) || server.Scheme is not ("http" or "https") || server.PathAndQuery != "/")
            Wrong(Setting.Server, $"'{text}' is not an address", "Write https://host:port, or http://127.0.0.1:port on this machine");
        else if (server.UserInfo.Length > 0)
            Wrong(Setting.Server, "holds a user or a password", "Remove it: the agent signs in with its own certificate");
        else if (server.Scheme == "http" && !IsLoopback(server))
            Wrong(Setting.Server, $"http to {server.Host} would send work and secrets in clear over the network", "Use https://, or a loopback address");
        else
            return server;

        return new("https://unset.invalid");
    }

    static bool IsLoopback(Uri server)
        => server.Host == "localhost" || (IPAddress.TryParse(server.DnsSafeHost, out var address) && IPAddress.IsLoopback(address));

    string Name()
    {
        var name = values[Setting.Name] ?? Environment.MachineName.ToLowerInvariant();
        if (!NamePattern().IsMatch(name))
            Wrong(Setting.Name, $"'{name}' is not a name", "Use 1 to 63 of a-z 0-9 . _ - and begin with a letter or digit");
        return name;
    }

    string StateDirectory(string name)
    {
        var directory = values[Setting.StateDirectory] ?? AgentSettings.DefaultStateDirectory(name, Environment.IsPrivilegedProcess, environment);
        return Path.GetFullPath(directory);
    }

    string? CaFile()
    {
        var file = values[Setting.CaFile];
        if (file is not null && !File.Exists(file))
            Wrong(Setting.CaFile, $"{file} does not exist", "Give a PEM file with the CA's certificate");
        return file;
    }

    JoinTokenSource JoinToken()
    {
        // Settings are read once; a child process must not inherit the token.
        Environment.SetEnvironmentVariable(Setting.JoinToken.Variable, null);
        return new(values[Setting.JoinToken], values[Setting.JoinTokenFile]);
    }

    Dictionary<string, string> Labels()
    {
        var labels = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var text in values.ListOf(Setting.Label))
        {
            if (text.IndexOf('=') is var equals && equals < 0)
                Wrong(Setting.Label, $"'{text}' has no '='", "Write key=value");
            else if (!LabelPattern().IsMatch(text[..equals]) || text.Length - equals - 1 > 253)
                Wrong(Setting.Label, $"'{text}' is not a label", "Use 1 to 63 of a-z A-Z 0-9 . _ / - for the key, at most 253 characters for the value");
            else if (!labels.TryAdd(text[..equals], text[(equals + 1)..]))
                Wrong(Setting.Label, $"'{text[..equals]}' is given more than once", "Keep one");
        }

        return labels;
    }

    TimeSpan StopGrace()
    {
        if (values[Setting.StopGrace] is not { } text)
            return TimeSpan.FromSeconds(30);
        if (DurationPattern().Match(text) is { Success: true } match
            && int.TryParse(match.Groups["number"].ValueSpan, CultureInfo.InvariantCulture, out var number))
        {
            var grace = match.Groups["unit"].Value switch
            {
                "ms" => TimeSpan.FromMilliseconds(number),
                "m" => TimeSpan.FromMinutes(number),
                "h" => TimeSpan.FromHours(number),
                _ => TimeSpan.FromSeconds(number),
            };
            if (grace <= TimeSpan.FromDays(1))
                return grace;
        }

        Wrong(Setting.StopGrace, $"'{text}' is not a time up to a day", "Write 30s, 5m or 1h");
        return default;
    }

    long Number(Setting setting, long otherwise, long least, long most)
    {
        if (values[setting] is not { } text)
            return otherwise;
        if (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most)
            return number;

        Wrong(setting, $"'{text}' is not a number from {least} to {most}", $"For example {otherwise}");
        return otherwise;
    }

    T Choice<T>(Setting setting, T otherwise, params ReadOnlySpan<(string Text, T Value)> choices)
    {
        if (values[setting] is not { } text)
            return otherwise;

        var texts = new List<string>();
        foreach (var choice in choices)
        {
            if (choice.Text == text)
                return choice.Value;
            texts.Add(choice.Text);
        }

        Wrong(setting, $"'{text}' is unknown", $"Choose one of {string.Join(", ", texts)}");
        return otherwise;
    }

    void Wrong(Setting setting, string reason, string fix) => errors.Add(new(setting.Spelling, reason, fix));

    [GeneratedRegex(@"^[a-z0-9][a-z0-9._-]{0,62}\z")]
    private static partial Regex NamePattern();

    [GeneratedRegex(@"^[A-Za-z0-9][A-Za-z0-9._/-]{0,62}\z")]
    private static partial Regex LabelPattern();

    [GeneratedRegex(@"^(?<number>\d{1,9})(?<unit>ms|s|m|h)?\z")]
    private static partial Regex DurationPattern();
}
