using Attune.Agent.Sensors;
using Attune.Agent.Tests.Session;
using Attune.V1;
using Google.Protobuf;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Attune.Agent.Tests.Sensors;

public sealed class SensorOutboxTests : IAsyncLifetime, ILogger<SensorOutbox>
{
    const int MessageBytes = 1 << 20;

    readonly string directory = Directory.CreateTempSubdirectory("attune-outbox-").FullName;
    readonly List<string> logged = [];
    EventBuffer events = null!;
    SensorOutbox outbox = null!;

    public Task InitializeAsync()
    {
        events = EventBuffer.Open(directory, 256 << 20, TimeProvider.System, NullLogger<EventBuffer>.Instance);
        outbox = new(events, TimeProvider.System, this);
        outbox.BeginStream();
        return Task.CompletedTask;
    }

    public async Task DisposeAsync()
    {
        await events.DisposeAsync();
        Directory.Delete(directory, recursive: true);
    }

    [Fact]
    public async Task Refusals_are_told_once_for_each_sensor_and_not_in_the_sensors_log()
    {
        await events.AppendAsync([Event("a.one"), Event("a.one"), Event("a.two"), Event("a.one")], Soon.Enough);
        Assert.Equal(4, Next()!.SensorEvents.Count);

        outbox.Acknowledge(new() { ThroughSequence = 3, Refusals = { Refused(1, "FIRST"), Refused(2, "SECOND"), Refused(3, "THIRD") } });

        Assert.Equal(
            [
                "Events of a.one were refused by the control plane: 2, the first for FIRST. The sensor's log says more",
                "Events of a.two were refused by the control plane: 1, the first for THIRD. The sensor's log says more",
            ],
            logged.Order());
        Assert.Equal(1, outbox.WaitingEvents);
        Assert.Null(Next());
    }

    [Fact]
    public async Task Reports_logs_and_events_of_many_sensors_are_spread_over_messages_that_no_server_refuses()
    {
        var sensors = Enumerable.Range(1, 1000).Select(number => $"test.sensor_{number}").ToList();
        foreach (var sensor in sensors)
        {
            outbox.Say(new() { SensorRef = sensor, State = SensorProcessState.BackingOff, LastError = new('e', 4000) });
            outbox.LogOf(sensor).Add(new('l', 8000));
        }

        await events.AppendAsync([.. sensors.Take(100).Select(sensor => Event(sensor, bytes: 8000))], Soon.Enough);

        var messages = new List<WorkerMessage>();
        while (Next() is { } message)
            messages.Add(message);
        Assert.All(messages, message => Assert.InRange(message.CalculateSize(), 1, MessageBytes));
        Assert.Equal(sensors, messages.SelectMany(message => message.SensorReports).Select(each => each.SensorRef).Order(NumberOrder));
        Assert.Equal(sensors, messages.SelectMany(message => message.SensorLogs).Select(each => each.SensorRef).Order(NumberOrder));
        Assert.Equal(Enumerable.Range(1, 100).Select(n => (long)n), messages.SelectMany(message => message.SensorEvents).Select(each => each.Sequence));
    }

    static readonly Comparer<string> NumberOrder = Comparer<string>.Create((one, other) => (one.Length, one).CompareTo((other.Length, other)));

    WorkerMessage? Next()
    {
        var message = new WorkerMessage();
        return outbox.AddTo(message, MessageBytes) ? message : null;
    }

    static SensorEvent Event(string sensor, int bytes = 2)
        => new() { SensorRef = sensor, TriggerRef = "test.said", Payload = ByteString.CopyFromUtf8(new('x', bytes)) };

    static SensorEventRefusal Refused(long sequence, string reason) => new() { Sequence = sequence, Reason = reason, Message = "n must be a string." };

    IDisposable? ILogger.BeginScope<TState>(TState state) => null;

    bool ILogger.IsEnabled(LogLevel logLevel) => true;

    void ILogger.Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        => logged.Add(formatter(state, exception));
}
