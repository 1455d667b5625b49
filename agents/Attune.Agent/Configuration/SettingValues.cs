using System.Text.Json;

namespace Attune.Agent.Configuration;

/// <summary>
/// Settings as texts. Each comes whole from the first source that has it: flags, then the environment, then the file.
/// </summary>
sealed class SettingValues
{
    readonly Dictionary<Setting, IReadOnlyList<string>> values = [];
    readonly List<SettingError> errors = [];

    SettingValues()
    {
    }

    public IReadOnlyList<SettingError> Errors => errors;

    public string? this[Setting setting] => values.TryGetValue(setting, out var texts) ? texts[^1] : null;

    public IReadOnlyList<string> ListOf(Setting setting) => values.GetValueOrDefault(setting) ?? [];

    public static SettingValues Read(CommandLine commandLine, Func<string, string?> environment)
    {
        var settings = new SettingValues();
        settings.errors.AddRange(commandLine.Errors);

        var file = commandLine.Last(Setting.Config) is { } path
            ? settings.ReadFile(path)
            : new Dictionary<string, IReadOnlyList<string>>();

        foreach (var setting in Setting.All)
        {
            if (commandLine.Flags.TryGetValue(setting.Flag, out var flagged))
                settings.values[setting] = flagged;
            else if (!setting.FlagOnly && environment(setting.Variable) is { Length: > 0 } text)
                settings.values[setting] = setting.Repeats ? text.Split(',', StringSplitOptions.TrimEntries) : [text];
            else if (file.TryGetValue(setting.Key, out var filed))
                settings.values[setting] = filed;
        }

        return settings;
    }

    Dictionary<string, IReadOnlyList<string>> ReadFile(string path)
    {
        var found = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);
        try
        {
            using var document = JsonDocument.Parse(
                File.ReadAllBytes(path), new() { AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip });
            foreach (var property in document.RootElement.EnumerateObject())
            {
                if (!Setting.All.Any(each => each.Key == property.Name && !each.FlagOnly))
                    errors.Add(new(property.Name, $"is no setting ({path})", $"Known: {KnownKeys()}"));
                else if (Texts(property) is { } texts)
                    found[property.Name] = texts;
                else
                    errors.Add(new(property.Name, $"has a value of the wrong kind ({path})", "Write a text or a number; labels are an object of texts"));
            }
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            errors.Add(new("--config", $"{path} cannot be read: {failure.Message}", "Check the path and its permissions"));
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException)
        {
            errors.Add(new("--config", $"{path} is not a JSON object", $"Write {{\"server\": \"https://…\"}} ({failure.Message})"));
        }

        return found;
    }

    static IReadOnlyList<string>? Texts(JsonProperty property) => (property.Name == Setting.Label.Key, property.Value.ValueKind) switch
    {
        (true, JsonValueKind.Object) when property.Value.EnumerateObject().All(each => each.Value.ValueKind == JsonValueKind.String)
            => [.. property.Value.EnumerateObject().Select(each => $"{each.Name}={each.Value.GetString()}")],
        (false, JsonValueKind.String) => [property.Value.GetString()!],
        (false, JsonValueKind.Number) => [property.Value.GetRawText()],
        _ => null,
    };

    static string KnownKeys() => string.Join(", ", Setting.All.Where(each => !each.FlagOnly).Select(each => each.Key));
}
