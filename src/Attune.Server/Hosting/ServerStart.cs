using Attune.Server.Identities;
using Attune.Server.Keys;
using Attune.Server.Storage;
using Attune.Server.Workers.Joining;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Attune.Server.Hosting;

/// <summary>What must hold before the server listens: its schema, its keys, its certificates.</summary>
sealed class ServerStart(
    NpgsqlDataSource db,
    ServerSecrets secrets,
    ServerCertificate certificate,
    IOptions<ServerOptions> server,
    IOptions<TlsOptions> tls) : IHostedService
{
    /// <summary>In the state directory, for clients that connect to a server with `Tls:Automatic`.</summary>
    public const string AuthorityFile = "ca.pem";

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await MigrationCheck.EnsureCurrentAsync(db, MigrationFolder.Load(MigrationFolder.BesideServer), cancellationToken);
        await secrets.LoadAsync(cancellationToken);
        certificate.Load();
        WriteAuthority();
    }

    /// <summary>Clients of a server whose certificate its own CA made need the CA's; it is no secret.</summary>
    void WriteAuthority()
    {
        if (tls.Value.Automatic.Count == 0)
            return;

        var directory = server.Value.StateDirectory;
        try
        {
            Directory.CreateDirectory(directory);
            File.WriteAllText(Path.Combine(directory, AuthorityFile), secrets.AuthorityPem);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new OperatorException(
                $"Server:StateDirectory: the CA's certificate cannot be written to '{directory}': {exception.Message}", exception);
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}

/// <summary>The secrets that the database keeps for all replicas, made by whichever comes first.</summary>
sealed class ServerSecrets(SigningKeys signingKeys, CertificateAuthority authority)
{
    public string AuthorityPem => authority.TrustPem;

    /// <exception cref="OperatorException">This server's master keys are not those of the replicas before it.</exception>
    public async Task LoadAsync(CancellationToken ct)
    {
        try
        {
            await signingKeys.LoadAsync(ct);
            await authority.LoadAsync(ct);
        }
        catch (SecretBoxException exception)
        {
            throw new OperatorException(
                $"This server's master keys do not open the database's secrets. {exception.Message} "
                + "Give every replica the same Security:MasterKeyFile.",
                exception);
        }
    }
}
