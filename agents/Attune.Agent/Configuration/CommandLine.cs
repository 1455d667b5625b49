namespace Attune.Agent.Configuration;

/// <summary>The arguments as a verb and flags. Values are judged by <see cref="AgentSettings"/>.</summary>
sealed record CommandLine(string Verb, IReadOnlyDictionary<string, IReadOnlyList<string>> Flags, IReadOnlyList<SettingError> Errors)
{
    public const string Run = "run";
    public const string Detect = "detect";
    public const string Status = "status";
    public const string Version = "version";
    public const string Help = "help";

    static readonly string[] Verbs = [Run, Detect, Status, Version, Help];

    public string? Last(Setting setting) => Flags.TryGetValue(setting.Flag, out var values) ? values[^1] : null;

    public static CommandLine Parse(IReadOnlyList<string> arguments)
    {
        var verb = default(string);
        var flags = new Dictionary<string, List<string>>(StringComparer.Ordinal);
        var errors = new List<SettingError>();

        for (var at = 0; at < arguments.Count; at++)
        {
            var argument = arguments[at];
            switch (argument)
            {
                case "-h" or "--help":
                    return new(Help, new Dictionary<string, IReadOnlyList<string>>(), []);
                case "--version":
                    return new(Version, new Dictionary<string, IReadOnlyList<string>>(), []);
                case "-o":
                    argument = "--output";
                    break;
            }

            if (!argument.StartsWith("--", StringComparison.Ordinal))
            {
                if (verb is null && Verbs.Contains(argument))
                    verb = argument;
                else
                    errors.Add(new(argument, "is neither a command nor a flag", $"Commands: {string.Join(", ", Verbs)}. See attune-agent --help"));
                continue;
            }

            var (flag, value) = argument.IndexOf('=') is > 0 and var equals
                ? (argument[2..equals], argument[(equals + 1)..])
                : (argument[2..], null);
            if (Setting.All.FirstOrDefault(each => each.Flag == flag) is not { } setting)
            {
                errors.Add(new($"--{flag}", "is no flag of attune-agent", "See attune-agent --help"));
                if (value is null && at + 1 < arguments.Count && !arguments[at + 1].StartsWith('-') && !Verbs.Contains(arguments[at + 1]))
                    at++;
                continue;
            }

            if (value is null && at + 1 < arguments.Count && !arguments[at + 1].StartsWith("--", StringComparison.Ordinal))
                value = arguments[++at];
            if (value is null)
                errors.Add(new($"--{flag}", "has no value", $"Write --{flag} {setting.Shape}"));
            else if (flags.TryGetValue(flag, out var values) && !setting.Repeats)
                errors.Add(new($"--{flag}", "is given more than once", "Keep one"));
            else if (values is not null)
                values.Add(value);
            else
                flags.Add(flag, [value]);
        }

        return new(verb ?? Run, flags.ToDictionary(each => each.Key, IReadOnlyList<string> (each) => each.Value), errors);
    }
}
