using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Attune.Server.Workers.Joining;
using Microsoft.Extensions.Options;

namespace Attune.Server.Hosting;

/// <summary>What the server shows on TLS connections: the configured files, or a certificate of its own CA that it renews itself.</summary>
sealed partial class ServerCertificate(
    IOptions<TlsOptions> options, CertificateAuthority authority, TimeProvider clock, ILogger<ServerCertificate> logger)
    : BackgroundService
{
    static readonly TimeSpan CheckInterval = TimeSpan.FromHours(1);

    SslStreamCertificateContext? current;

    /// <summary>Null before <see cref="Load"/>, and without TLS for ever.</summary>
    public SslStreamCertificateContext? Current => Volatile.Read(ref current);

    /// <summary>Before the server listens.</summary>
    public void Load()
    {
        if (options.Value.CertificateFile is { Length: > 0 } file)
            LoadFiles(file, options.Value.KeyFile);
        else if (options.Value.Automatic.Count > 0)
            Issue();
    }

    void LoadFiles(string certificateFile, string keyFile)
    {
        try
        {
            var intermediates = new X509Certificate2Collection();
            intermediates.ImportFromPemFile(certificateFile);
            current = SslStreamCertificateContext.Create(
                X509Certificate2.CreateFromPemFile(certificateFile, keyFile), intermediates, offline: true);
        }
        catch (Exception exception) when (exception is CryptographicException or IOException or UnauthorizedAccessException)
        {
            throw new OperatorException(
                $"Tls: '{certificateFile}' and '{keyFile}' are not a certificate chain (leaf first) and its key in PEM: {exception.Message}",
                exception);
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (options.Value.Automatic.Count == 0)
            return;

        using var timer = new PeriodicTimer(CheckInterval, clock);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            if (Current!.TargetCertificate.NotAfter.ToUniversalTime() - clock.GetUtcNow().UtcDateTime < CertificateAuthority.ServerLifetime / 3)
                Issue();
        }
    }

    void Issue()
    {
        // Connections in their handshake may still hold the old one, so it is left to the garbage collector.
        var issued = authority.IssueForServer([.. options.Value.Automatic]);
        Volatile.Write(ref current, SslStreamCertificateContext.Create(issued, additionalCertificates: null, offline: true));
        LogIssued(issued.NotAfter);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Server certificate issued by the own CA, good until {ExpiresAt:O}")]
    partial void LogIssued(DateTime expiresAt);
}
