using Attune.Packs;
using Attune.Server.Hosting;
using Attune.V1;
using Grpc.Core;

namespace Attune.Server.Sensors;

sealed class SensorGrpc(SensorStore store, SensorLogs logs, IHostApplicationLifetime lifetime) : SensorService.SensorServiceBase
{
    public override async Task<GetSensorResponse> GetSensor(GetSensorRequest request, ServerCallContext context)
        => new() { Sensor = await ViewAsync(await FindAsync(request.Ref, "read", context), context.CancellationToken) };

    public override async Task<ListSensorsResponse> ListSensors(ListSensorsRequest request, ServerCallContext context)
    {
        var page = Paging.Ascending(request.PageSize, request.PageToken).OrThrowRpc();
        var packs = context.GetCaller().PacksFor("sensors", "read");
        var rows = await store.ListAsync(page, packs, request.PackRef, request.WorkerName, context.CancellationToken);
        var (shown, next) = page.Cut(rows, row => row.Ref);
        var agents = shown.Any(SensorStanding.AsksForAgents) ? await store.ListAgentsAsync(context.CancellationToken) : [];
        return new() { Sensors = { shown.Select(row => row.ToWire(agents)) }, NextPageToken = next };
    }

    public override async Task<EnableSensorResponse> EnableSensor(EnableSensorRequest request, ServerCallContext context)
        => new() { Sensor = await SetEnabledAsync(request.Ref, enabled: true, context) };

    public override async Task<DisableSensorResponse> DisableSensor(DisableSensorRequest request, ServerCallContext context)
        => new() { Sensor = await SetEnabledAsync(request.Ref, enabled: false, context) };

    public override async Task<RestartSensorResponse> RestartSensor(RestartSensorRequest request, ServerCallContext context)
    {
        var sensor = await FindWithProcessAsync(request.Ref, "restart", context);
        if (!await store.RestartAsync(sensor.Ref, context.CancellationToken))
        {
            var standing = await ViewAsync(sensor, context.CancellationToken);
            throw new Failure(FailureKind.Refused, "SENSOR_NOT_RUNNING", $"Sensor '{sensor.Ref}' runs nowhere. {standing.Why}").ToRpcException();
        }

        return new() { Sensor = await ViewAsync(await FindAsync(sensor.Ref, "restart", context), context.CancellationToken) };
    }

    public override async Task StreamSensorLogs(
        StreamSensorLogsRequest request, IServerStreamWriter<StreamSensorLogsResponse> responseStream, ServerCallContext context)
    {
        var sensor = await FindAsync(request.Ref, "read", context);
        var cursor = SensorLogs.ParseCursor(request.Cursor)
            ?? throw Failure.Invalid("CURSOR_INVALID", "cursor", "is not from an answer of this log.").ToRpcException();

        // A stream outlives any deadline, so it also ends when the host stops.
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, lifetime.ApplicationStopping);
        try
        {
            if (request.Cursor is "" && request.Tail > 0)
                cursor = await logs.FindTailAsync(sensor.Id, request.Tail, ending.Token);
            await foreach (var page in logs.RunAsync(sensor.Id, cursor, request.Follow, ending.Token))
                await responseStream.WriteAsync(page.ToWire(), ending.Token);
        }
        catch (OperationCanceledException) when (lifetime.ApplicationStopping.IsCancellationRequested)
        {
            throw new Failure(FailureKind.Unavailable, "SERVER_STOPPING", "The server is stopping. Connect again and go on from the cursor.")
                .ToRpcException();
        }
    }

    async Task<Sensor> SetEnabledAsync(string reference, bool enabled, ServerCallContext context)
    {
        await FindWithProcessAsync(reference, "update", context);
        await store.SetEnabledAsync(reference, enabled, context.CancellationToken);
        return await ViewAsync(await FindAsync(reference, "update", context), context.CancellationToken);
    }

    async Task<SensorRow> FindWithProcessAsync(string reference, string action, ServerCallContext context)
    {
        var sensor = await FindAsync(reference, action, context);
        return sensor.IsBuiltIn
            ? throw new Failure(
                FailureKind.Refused, "SENSOR_BUILT_IN", $"Sensor '{sensor.Ref}' is built in. It is part of the control plane; disable the rules instead.")
                .ToRpcException()
            : sensor;
    }

    // The permission comes before the look-up, so that a caller cannot find out what there is in packs that are not theirs.
    async Task<SensorRow> FindAsync(string reference, string action, ServerCallContext context)
    {
        context.GetCaller().Demand("sensors", action, PackNames.PackOf(reference));
        return await store.FindAsync(reference, context.CancellationToken)
            ?? throw Failure.NotFound("SENSOR_NOT_FOUND", $"There is no sensor '{reference}'.").ToRpcException();
    }

    async Task<Sensor> ViewAsync(SensorRow row, CancellationToken ct)
        => row.ToWire(SensorStanding.AsksForAgents(row) ? await store.ListAgentsAsync(ct) : []);
}
