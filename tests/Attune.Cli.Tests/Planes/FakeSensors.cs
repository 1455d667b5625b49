using System.Collections.Concurrent;
using Attune.V1;
using Grpc.Core;

namespace Attune.Cli.Tests.Planes;

/// <summary>One sensor, `edge.watch`.</summary>
public sealed class FakeSensors : SensorService.SensorServiceBase
{
    public ConcurrentQueue<StreamSensorLogsRequest> Followed { get; } = new();

    public ConcurrentQueue<string> Restarted { get; } = new();

    /// <summary>What a reader of the log gets.</summary>
    public Func<StreamSensorLogsRequest, IServerStreamWriter<StreamSensorLogsResponse>, CancellationToken, Task> Log { get; set; }
        = (_, log, ct) => log.WriteAsync(new() { Lines = { Line("one"), Line("two") }, Cursor = "2" }, ct);

    public static SensorLogLine Line(string text) => new() { Time = FakeExecutions.Noon, WorkerName = "edge-1", Text = text };

    public override Task<GetSensorResponse> GetSensor(GetSensorRequest request, ServerCallContext context)
        => Task.FromResult(new GetSensorResponse { Sensor = Sensor(request.Ref) });

    public override Task<ListSensorsResponse> ListSensors(ListSensorsRequest request, ServerCallContext context)
        => Task.FromResult(new ListSensorsResponse { Sensors = { Sensor("edge.watch") } });

    public override Task<RestartSensorResponse> RestartSensor(RestartSensorRequest request, ServerCallContext context)
    {
        Restarted.Enqueue(request.Ref);
        return Task.FromResult(new RestartSensorResponse { Sensor = Sensor(request.Ref) });
    }

    public override Task StreamSensorLogs(
        StreamSensorLogsRequest request, IServerStreamWriter<StreamSensorLogsResponse> responseStream, ServerCallContext context)
    {
        Followed.Enqueue(request);
        return Log(request, responseStream, context.CancellationToken);
    }

    static Sensor Sensor(string reference) => new()
    {
        Ref = reference,
        Enabled = true,
        State = SensorState.BackingOff,
        Why = "It ended 4 times in a row and is started again in 30 s.",
        WorkerName = "edge-1",
        FailuresInRow = 4,
        LastError = "exit code 1",
        EventCount = 12,
        RuleRefs = { "edge.page" },
    };
}
