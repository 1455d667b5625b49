using Microsoft.Extensions.Options;

namespace Attune.Server.Hosting;

/// <summary>The port for everyone who speaks plain HTTP: webhooks and health. The API has its own.</summary>
public sealed class HttpOptions
{
    public const string Section = "Http";

    /// <summary>As `Server:Listen`. Unset: port 7701 on loopback.</summary>
    public IList<string> Listen { get; } = [];

    /// <summary>Addresses or CIDR ranges whose X-Forwarded-For is believed. Nobody else's is.</summary>
    public IList<string> TrustedProxies { get; } = [];

    /// <summary>How senders reach this port, such as `https://hooks.example.com`; only shown. Unset: where it listens.</summary>
    public string PublicUrl { get; set; } = "";
}

sealed class HttpOptionsValidator(IOptions<TlsOptions> tls) : IValidateOptions<HttpOptions>
{
    public ValidateOptionsResult Validate(string? name, HttpOptions options)
    {
        var problems = new List<string>(ListenAddress.FindProblems("Http:Listen", options.Listen, tls.Value));
        foreach (var text in options.TrustedProxies)
        {
            if (!AddressRange.Parse(text).IsOk(out _, out var failure))
                problems.Add($"Http:TrustedProxies: {failure.Message}");
        }

        if (options.PublicUrl is not "" && !IsPublicUrl(options.PublicUrl))
            problems.Add($"Http:PublicUrl: '{options.PublicUrl}' is not http:// or https:// with a host, and nothing behind its path.");

        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);
    }

    static bool IsPublicUrl(string text)
        => Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri is { Scheme: "http" or "https", Query: "", Fragment: "", UserInfo: "" };
}
