using Attune.Protos.Client;

namespace Attune.Cli.Configuration;

/// <summary>Where this invocation goes and as whom: options before environment before profile.</summary>
sealed record Connection
{
    public const string DefaultServer = "http://127.0.0.1:7700";

    public required string ProfileName { get; init; }
    public required Profile Profile { get; init; }
    public required string Server { get; init; }
    public string? CaFile { get; init; }

    /// <summary>From ATTUNE_TOKEN.</summary>
    public string? EnvironmentToken { get; init; }

    /// <summary>False when a profile was named that there is not.</summary>
    public bool ProfileExists { get; init; } = true;

    public bool HasCredentials
        => EnvironmentToken is not null || (ProfileApplies && (NotEmpty(Profile.Token) is not null || Profile.LoginTokens is not null));

    /// <summary>False when the address is not the profile's own: its login belongs to another server and is not sent to this one.</summary>
    public bool ProfileApplies { get; init; }

    public static Connection Resolve(
        Profiles profiles, string? serverOption, string? profileOption, Func<string, string?> environment)
    {
        var chosen = NotEmpty(profileOption) ?? NotEmpty(environment("ATTUNE_PROFILE"));
        var name = chosen ?? NotEmpty(profiles.Current) ?? "default";
        var profile = profiles.ByName.GetValueOrDefault(name);
        // A second login is most often another name at the same server.
        var present = (profile ?? profiles.ByName.GetValueOrDefault(profiles.Current))?.Server;
        var named = NotEmpty(serverOption) ?? NotEmpty(environment("ATTUNE_SERVER"));
        var server = Normal(named ?? NotEmpty(present) ?? DefaultServer);
        var applies = profile?.Server is { Length: > 0 } own && Normal(own) == server;
        return new()
        {
            ProfileName = name,
            Profile = profile ?? new(),
            ProfileExists = profile is not null || chosen is null,
            Server = server,
            CaFile = applies ? NotEmpty(profile!.CaFile) : null,
            EnvironmentToken = NotEmpty(environment("ATTUNE_TOKEN")),
            ProfileApplies = applies,
        };
    }

    public AttuneCredentials? Credentials(ConfigurationFile file, TimeProvider clock)
    {
        if (EnvironmentToken is { } token)
            return AttuneCredentials.ApiToken(token);
        if (!ProfileApplies)
            return null;
        if (NotEmpty(Profile.Token) is { } kept)
            return AttuneCredentials.ApiToken(kept);

        return Profile.LoginTokens is { } tokens
            ? AttuneCredentials.Login(tokens, (stale, renew, ct) => KeepAsync(file, stale, renew, clock, ct))
            : null;
    }

    public AttuneClientOptions Options(AttuneCredentials? credentials) => new()
    {
        Address = Uri.TryCreate(Server, UriKind.Absolute, out var address) ? address : new(Server, UriKind.Relative),
        CaFile = CaFile,
        Credentials = credentials,
        UserAgent = $"attune-cli/{typeof(Connection).Assembly.GetName().Version?.ToString(3)}",
    };

    // Another attune may have renewed meanwhile; presenting a used refresh token would end the whole login.
    async Task<LoginTokens> KeepAsync(
        ConfigurationFile file, LoginTokens stale, RenewTokens renew, TimeProvider clock, CancellationToken ct)
    {
        LoginTokens? kept = null;
        await file.UpdateAsync(
            async (profiles, _) =>
            {
                var present = profiles.ByName.GetValueOrDefault(ProfileName) ?? Profile;
                if (present.LoginTokens is { } others && others.AccessToken != stale.AccessToken)
                {
                    kept = others;
                    return profiles;
                }

                // Not to be interrupted: an answer that is not kept would be a login lost.
                kept = await renew(stale, CancellationToken.None);
                return profiles with
                {
                    ByName = new(profiles.ByName) { [ProfileName] = present.With(kept) },
                };
            },
            clock,
            ct);
        return kept!;
    }

    // The same server however it is written: a bare host, a slash at the end, capitals.
    public static string Normal(string server)
    {
        var whole = server.Contains("://", StringComparison.Ordinal) ? server : $"http://{server}";
        if (whole != server && Uri.TryCreate(whole, UriKind.Absolute, out var bare) && !bare.IsLoopback)
            whole = $"https://{server}";
        return Uri.TryCreate(whole, UriKind.Absolute, out var address)
            ? address.GetLeftPart(UriPartial.Path).TrimEnd('/')
            : whole;
    }

    static string? NotEmpty(string? text) => string.IsNullOrEmpty(text) ? null : text;
}
