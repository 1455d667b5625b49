using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Attune.Agent.Configuration;
using Attune.V1;
using Grpc.Core;
using Grpc.Net.Client;

namespace Attune.Agent.Joining;

/// <summary>Makes connections to the control plane: whom to trust, and how the agent shows who it is.</summary>
sealed class ControlPlane(AgentSettings settings, TimeProvider clock)
{
    /// <summary>Above this a message is a mistake: items and results are far smaller.</summary>
    const int MessageBytesMax = 32 << 20;

    public Uri Server => settings.Server;

    /// <summary>A connection of its own, so that a load balancer may choose another replica.</summary>
    public GrpcChannel Open(AgentIdentity? identity) => GrpcChannel.ForAddress(settings.Server, new()
    {
        HttpHandler = new SocketsHttpHandler
        {
            SslOptions = Tls(identity),
            ConnectTimeout = TimeSpan.FromSeconds(10),
            PooledConnectionIdleTimeout = Timeout.InfiniteTimeSpan,
            KeepAlivePingDelay = TimeSpan.FromSeconds(15),
            KeepAlivePingTimeout = TimeSpan.FromSeconds(10),
            InitialHttp2StreamWindowSize = 1 << 20,
            UseProxy = settings.Server.Scheme == "https",
        },
        DisposeHttpClient = true,
        MaxReceiveMessageSize = MessageBytesMax,
        MaxSendMessageSize = MessageBytesMax,
    });

    public Metadata HeadersFor(AgentIdentity identity, string rpc)
    {
        var method = $"/{WorkerService.Descriptor.FullName}/{rpc}";
        return new() { { AgentIdentity.HeaderName, identity.HeaderFor(method, clock.GetUtcNow()) } };
    }

    SslClientAuthenticationOptions Tls(AgentIdentity? identity)
    {
        var options = new SslClientAuthenticationOptions { EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13 };
        if (identity is not null && settings.Server.Scheme == "https")
            options.ClientCertificateContext = SslStreamCertificateContext.Create(identity.Certificate, identity.Intermediates, offline: true);
        if (settings.CaFile is not null)
        {
            options.CertificateChainPolicy = new() { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
            options.CertificateChainPolicy.CustomTrustStore.AddRange(ReadCa(settings.CaFile));
        }

        return options;
    }

    static X509Certificate2Collection ReadCa(string file)
    {
        var trusted = new X509Certificate2Collection();
        try
        {
            trusted.ImportFromPemFile(file);
        }
        catch (Exception failure) when (failure is CryptographicException or IOException or UnauthorizedAccessException)
        {
            throw new HopelessException(ExitCode.Settings, $"--ca-file {file} cannot be read: {failure.Message}");
        }

        return trusted.Count > 0
            ? trusted
            : throw new HopelessException(ExitCode.Settings, $"--ca-file {file} holds no certificate. Give the CA's certificate as PEM.");
    }
}
