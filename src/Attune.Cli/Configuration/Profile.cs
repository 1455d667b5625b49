using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Attune.Protos.Client;

namespace Attune.Cli.Configuration;

/// <summary>A server and who one is there.</summary>
sealed record Profile
{
    public string? Server { get; init; }
    public string? CaFile { get; init; }
    public string? AccessToken { get; init; }

    /// <summary>ISO 8601; empty without a login.</summary>
    public string? AccessTokenExpiresAt { get; init; }
    public string? RefreshToken { get; init; }

    /// <summary>An API token; goes before a login.</summary>
    public string? Token { get; init; }
    public string? Login { get; init; }

    // What a newer attune wrote here stays. Settable, because the serializer cannot fill it otherwise.
    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Rest { get; set; }

    [JsonIgnore]
    public LoginTokens? LoginTokens
        => AccessToken is { Length: > 0 } access && RefreshToken is { Length: > 0 } refresh
            ? new(
                access,
                DateTimeOffset.TryParse(
                    AccessTokenExpiresAt, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var expiry) ? expiry : default,
                refresh)
            : null;

    public Profile With(LoginTokens? tokens) => this with
    {
        AccessToken = tokens?.AccessToken ?? "",
        AccessTokenExpiresAt = tokens?.AccessTokenExpiresAt.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture) ?? "",
        RefreshToken = tokens?.RefreshToken ?? "",
    };

    // A compiler-made one would print the tokens.
    public override string ToString() => $"{nameof(Profile)} {Server} {Login}";
}

sealed record Profiles
{
    public string Current { get; init; } = "";

    [JsonPropertyName("profiles")]
    public Dictionary<string, Profile> ByName { get; init; } = [];

    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Rest { get; set; }
}

[JsonSourceGenerationOptions(
    WriteIndented = true,
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    AllowTrailingCommas = true,
    ReadCommentHandling = JsonCommentHandling.Skip)]
[JsonSerializable(typeof(Profiles))]
sealed partial class ProfilesJson : JsonSerializerContext;
