using Attune.Server.Identities;
using Attune.Server.Keys;
using Attune.Server.Storage;
using Attune.Server.Workers.Joining;
using Npgsql;

namespace Attune.Server.Hosting;

/// <summary>What must hold before the server listens: its schema, its keys, its certificates.</summary>
sealed class ServerStart(
    NpgsqlDataSource db, SigningKeys signingKeys, CertificateAuthority authority, ServerCertificate certificate) : IHostedService
{
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await MigrationCheck.EnsureCurrentAsync(db, MigrationFolder.Load(MigrationFolder.BesideServer), cancellationToken);
        try
        {
            await signingKeys.LoadAsync(cancellationToken);
            await authority.LoadAsync(cancellationToken);
        }
        catch (SecretBoxException exception)
        {
            throw new OperatorException(
                $"This server's master keys do not open the database's secrets. {exception.Message} "
                + "Give every replica the same Security:MasterKeyFile.",
                exception);
        }

        certificate.Load();
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
