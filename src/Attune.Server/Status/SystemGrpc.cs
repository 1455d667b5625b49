using Attune.Server.Hosting;
using Attune.Server.Storage;
using Attune.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Npgsql;

namespace Attune.Server.Status;

sealed class SystemGrpc(StatusStore store, NpgsqlDataSource db, TimeProvider clock) : SystemService.SystemServiceBase
{
    readonly DateTimeOffset startedAt = clock.GetUtcNow();

    public override Task<GetVersionResponse> GetVersion(GetVersionRequest request, ServerCallContext context)
        => Task.FromResult(new GetVersionResponse
        {
            Version = ServerVersion.Number,
            Commit = ServerVersion.Commit,
            WorkerProtocolVersions = { ServerVersion.WorkerProtocols },
        });

    public override async Task<GetStatusResponse> GetStatus(GetStatusRequest request, ServerCallContext context)
    {
        var counts = await store.CountAsync(context.CancellationToken);
        return new()
        {
            Version = ServerVersion.Number,
            StartedAt = startedAt.ToTimestamp(),
            DatabaseVersion = counts.DatabaseVersion,
            AgentsConnected = counts.AgentsConnected,
            Slots = counts.Slots,
            SlotsInUse = counts.SlotsInUse,
            ExecutionsWaiting = counts.ExecutionsWaiting,
            ExecutionsAssigned = counts.ExecutionsAssigned,
        };
    }

    public override async Task<ListMigrationsResponse> ListMigrations(ListMigrationsRequest request, ServerCallContext context)
    {
        await using var connection = await db.OpenConnectionAsync(context.CancellationToken);
        var applied = await MigrationStore.ListAsync(connection, context.CancellationToken);
        var state = MigrationState.Compare(MigrationFolder.Load(MigrationFolder.BesideServer), applied);
        return new() { Migrations = { state.Lines.Select(ToWire) } };
    }

    static V1.Migration ToWire(MigrationLine line)
    {
        // 20250101000001_initial_setup
        var separator = line.Name.IndexOf('_', StringComparison.Ordinal);
        return new()
        {
            Version = line.Name[..separator],
            Description = line.Name[(separator + 1)..].Replace('_', ' '),
            State = line.Standing switch
            {
                MigrationStanding.Applied => "applied",
                MigrationStanding.Pending => "pending",
                MigrationStanding.Edited => "edited",
                MigrationStanding.Unknown => "unknown",
                _ => throw new ArgumentOutOfRangeException(nameof(line), line.Standing, null),
            },
            AppliedAt = line.Applied?.AppliedAt.ToTimestamp(),
        };
    }
}
