using System.Text.Json;
using System.Text.Json.Nodes;
using Attune.Server.Hosting;
using Attune.Server.Keys;

namespace Attune.Server.Dev;

/// <summary>The CLI's own configuration file, in which `dev` keeps one profile of its name; the others are the user's.</summary>
static class CliLogin
{
    const string Profile = "dev";

    static readonly JsonSerializerOptions Readable = new() { WriteIndented = true };

    public static string DefaultPath
    {
        get
        {
            if (Environment.GetEnvironmentVariable("ATTUNE_CONFIG") is { Length: > 0 } given)
                return Path.GetFullPath(given);

            var home = Environment.GetEnvironmentVariable("XDG_CONFIG_HOME") is { Length: > 0 } configured
                ? configured
                : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".config");
            return Path.Combine(home, "attune", "config.json");
        }
    }

    /// <summary>The API token that an earlier start wrote for this server; null when there is none.</summary>
    public static string? ReadToken(string path, string server)
        => Read(path)["profiles"]?[Profile] is JsonObject profile && (string?)profile["server"] == server ? (string?)profile["token"] : null;

    /// <summary>Makes the profile the current one if the user has chosen none.</summary>
    public static void Write(string path, string server, string login, string token)
    {
        var configuration = Read(path);
        if (configuration["profiles"] is not JsonObject profiles)
            configuration["profiles"] = profiles = [];
        profiles[Profile] = new JsonObject
        {
            ["server"] = server,
            ["ca_file"] = null,
            ["access_token"] = "",
            ["access_token_expires_at"] = "",
            ["refresh_token"] = "",
            ["token"] = token,
            ["login"] = login,
        };
        if (string.IsNullOrEmpty((string?)configuration["current"]))
            configuration["current"] = Profile;

        PrivateFile.CreateDirectory(Path.GetDirectoryName(path)!);
        PrivateFile.Write(path, configuration.ToJsonString(Readable) + "\n");
    }

    static JsonObject Read(string path)
    {
        if (!File.Exists(path))
            return [];

        try
        {
            return JsonNode.Parse(File.ReadAllText(path)) as JsonObject ?? throw new JsonException("It is no object.");
        }
        catch (JsonException exception)
        {
            throw new OperatorException($"The CLI's configuration {path} is not valid: {exception.Message} Correct or remove it.", exception);
        }
    }
}
