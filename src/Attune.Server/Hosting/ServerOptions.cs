using System.ComponentModel.DataAnnotations;
using System.Net;
using Microsoft.Extensions.Options;

namespace Attune.Server.Hosting;

public sealed class ServerOptions
{
    public const string Section = "Server";

    /// <summary>`http://` on loopback addresses only, `https://` anywhere; port 0 takes a free one.</summary>
    public IList<string> Listen { get; } = [];

    /// <summary>What this server may write: the CA's certificate, and in `dev` everything.</summary>
    public string StateDirectory { get; set; } = "/var/lib/attune";

    /// <summary>Names this replica in worker rows and logs. Unset: host name and process id.</summary>
    [RegularExpression("^[A-Za-z0-9._:-]{0,128}$", ErrorMessage = "Server:ReplicaName takes letters, digits and . _ : - (at most 128).")]
    public string ReplicaName { get; set; } = "";
}

public sealed class TlsOptions
{
    public const string Section = "Tls";

    /// <summary>PEM, leaf first, with the intermediates.</summary>
    public string CertificateFile { get; set; } = "";

    /// <summary>PEM, not encrypted.</summary>
    public string KeyFile { get; set; } = "";

    /// <summary>DNS names and IP addresses; the server then makes its certificate with its own CA and renews it.</summary>
    public IList<string> Automatic { get; } = [];

    public bool IsSet => CertificateFile is not "" || Automatic.Count > 0;
}

/// <summary>Where the server listens, checked so that nothing leaves the host in clear.</summary>
sealed record ListenAddress(IPAddress Address, int Port, bool IsTls)
{
    public const string Default = "http://127.0.0.1:7700";
    public const string HttpDefault = "http://127.0.0.1:7701";

    public static Result<ListenAddress> Parse(string text, string setting = "Server:Listen")
    {
        if (!Uri.TryCreate(text, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https") || uri.PathAndQuery is not "/")
            return Invalid($"'{text}' is not http://ADDRESS:PORT or https://ADDRESS:PORT.");

        var isTls = uri.Scheme is "https";
        var host = uri.Host is "localhost" ? "127.0.0.1" : uri.DnsSafeHost;
        if (!IPAddress.TryParse(host, out var address))
            return Invalid($"'{text}' names a host; give the IP address to listen on, such as 0.0.0.0, or [::] for all.");
        if (!isTls && !IPAddress.IsLoopback(address))
            return Invalid(
                $"'{text}' would send passwords and tokens in clear beyond this host. Use https:// with Tls:CertificateFile and "
                + "Tls:KeyFile, or with Tls:Automatic and the server's names; or listen on 127.0.0.1 behind a proxy that speaks TLS.");
        return new ListenAddress(address, uri.Port, isTls);

        Failure Invalid(string description) => Failure.Invalid("LISTEN_INVALID", setting, description);
    }

    /// <summary>Every mistake in a setting that lists addresses.</summary>
    public static IEnumerable<string> FindProblems(string setting, IEnumerable<string> listen, TlsOptions tls)
    {
        foreach (var text in listen)
        {
            if (!Parse(text, setting).IsOk(out var address, out var failure))
                yield return failure.Message;
            else if (address.IsTls && !tls.IsSet)
                yield return $"{setting}: '{text}' needs Tls:CertificateFile and Tls:KeyFile, or Tls:Automatic.";
        }
    }
}

sealed class ServerOptionsValidator(IOptions<TlsOptions> tls) : IValidateOptions<ServerOptions>
{
    public ValidateOptionsResult Validate(string? name, ServerOptions options)
    {
        var problems = ListenAddress.FindProblems("Server:Listen", options.Listen, tls.Value).ToList();
        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);
    }
}

sealed class TlsOptionsValidator : IValidateOptions<TlsOptions>
{
    public ValidateOptionsResult Validate(string? name, TlsOptions options)
    {
        var problems = new List<string>();
        if (options.CertificateFile is "" != options.KeyFile is "")
            problems.Add("Tls:CertificateFile and Tls:KeyFile go together.");
        if (options.CertificateFile is not "" && options.Automatic.Count > 0)
            problems.Add("Tls:CertificateFile and Tls:Automatic exclude each other.");
        problems.AddRange(new[] { options.CertificateFile, options.KeyFile }
            .Where(file => file is not "" && !File.Exists(file))
            .Select(file => $"Tls: '{file}' does not exist."));
        problems.AddRange(options.Automatic
            .Where(each => Uri.CheckHostName(each) is UriHostNameType.Unknown or UriHostNameType.Basic)
            .Select(each => $"Tls:Automatic: '{each}' is neither a DNS name nor an IP address."));
        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);
    }
}
