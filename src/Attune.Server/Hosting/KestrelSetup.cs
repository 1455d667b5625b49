using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Options;

namespace Attune.Server.Hosting;

/// <summary>
/// The API's port: HTTP/2 only, in clear on loopback, TLS elsewhere, with limits for many streams and for agents' large duplex ones. Behind
/// it the port for plain HTTP, whose endpoints set limits of their own.
/// </summary>
sealed class KestrelSetup(IOptions<ServerOptions> server, IOptions<HttpOptions> http, ServerCertificate certificate)
    : IConfigureOptions<KestrelServerOptions>
{
    const int Mebibyte = 1024 * 1024;

    public void Configure(KestrelServerOptions options)
    {
        options.AddServerHeader = false;

        // gRPC has its own message limit; agents' streams live for weeks and are sometimes idle.
        options.Limits.MaxRequestBodySize = null;
        options.Limits.MinRequestBodyDataRate = null;
        options.Limits.MinResponseDataRate = null;

        var http2 = options.Limits.Http2;
        http2.InitialConnectionWindowSize = 8 * Mebibyte;
        http2.InitialStreamWindowSize = 2 * Mebibyte;
        http2.MaxStreamsPerConnection = 4096;
        http2.KeepAlivePingDelay = TimeSpan.FromSeconds(30);
        http2.KeepAlivePingTimeout = TimeSpan.FromSeconds(20);

        var addresses = server.Value.Listen is { Count: > 0 } given ? given : [ListenAddress.Default];
        foreach (var text in addresses)
        {
            var address = ListenAddress.Parse(text).OrThrowRpc();
            options.Listen(address.Address, address.Port, listen =>
            {
                listen.Protocols = HttpProtocols.Http2;
                if (address.IsTls)
                    listen.UseHttps(new TlsHandshakeCallbackOptions { OnConnection = AnswerHandshake });
            });
        }

        ListenForHttp(options);
    }

    void ListenForHttp(KestrelServerOptions options)
    {
        var addresses = http.Value.Listen is { Count: > 0 } given ? given : [ListenAddress.HttpDefault];
        foreach (var text in addresses)
        {
            var address = ListenAddress.Parse(text).OrThrowRpc();
            options.Listen(address.Address, address.Port, listen =>
            {
                // Without TLS there is nothing to choose the version by.
                listen.Protocols = address.IsTls ? HttpProtocols.Http1AndHttp2 : HttpProtocols.Http1;
                if (address.IsTls)
                    listen.UseHttps(new TlsHandshakeCallbackOptions { OnConnection = AnswerHttpHandshake });
                listen.Use(HttpPort.Tell);
            });
        }
    }

    ValueTask<SslServerAuthenticationOptions> AnswerHttpHandshake(TlsHandshakeCallbackContext context) => new(new SslServerAuthenticationOptions
    {
        ServerCertificateContext = certificate.Current,
        EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
        ApplicationProtocols = [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11],
    });

    // Asked per connection: the certificate is loaded after these options are read, and renewed later.
    ValueTask<SslServerAuthenticationOptions> AnswerHandshake(TlsHandshakeCallbackContext context) => new(new SslServerAuthenticationOptions
    {
        ServerCertificateContext = certificate.Current,
        EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
        ApplicationProtocols = [SslApplicationProtocol.Http2],

        // Asked for, not demanded. Every agent's call is checked against our own CA by AgentAuthentication; the system's trust
        // store has no say in it.
        ClientCertificateRequired = true,
#pragma warning disable CA5359 // A certificate only matters to the calls that need one, and they check it.
        RemoteCertificateValidationCallback = (_, _, _, _) => true,
#pragma warning restore CA5359
        CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
    });
}
