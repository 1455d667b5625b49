using System.Threading.Channels;
using Attune.V1;

namespace Attune.Server.Sensors;

/// <summary>
/// Events of one session between the loop that reads its stream and the loop that records them, in their order. Full means that the
/// agent emits faster than the database takes: then its own stream waits, and its events stay on its disk.
/// </summary>
sealed class SensorBacklog
{
    const long BytesMax = 16 * 1024 * 1024;
    const int EventsPerBatch = 500;
    const long BytesPerBatch = 4 * 1024 * 1024;

    // What an event costs beside its payload, so that empty ones are bounded too.
    const int BytesPerEvent = 1024;

    readonly Channel<SensorEvent> events = Channel.CreateUnbounded<SensorEvent>(
        new UnboundedChannelOptions { SingleReader = true, SingleWriter = true });

    // Room for one signal: that there is room again.
    readonly Channel<bool> freed = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

    long bytes;

    /// <summary>Waits while there is too much already.</summary>
    public async ValueTask AddAsync(IReadOnlyList<SensorEvent> arrived, CancellationToken ct)
    {
        while (Interlocked.Read(ref bytes) >= BytesMax)
            await freed.Reader.ReadAsync(ct);

        foreach (var each in arrived)
        {
            Interlocked.Add(ref bytes, CostOf(each));
            events.Writer.TryWrite(each);
        }
    }

    /// <summary>Waits for events, then takes what has gathered, up to a commit's worth.</summary>
    public async Task<IReadOnlyList<SensorEvent>> TakeAsync(CancellationToken ct)
    {
        await events.Reader.WaitToReadAsync(ct);
        var batch = new List<SensorEvent>();
        var taken = 0L;
        while (batch.Count < EventsPerBatch && taken < BytesPerBatch && events.Reader.TryRead(out var each))
        {
            batch.Add(each);
            taken += CostOf(each);
        }

        Interlocked.Add(ref bytes, -taken);
        freed.Writer.TryWrite(true);
        return batch;
    }

    static long CostOf(SensorEvent each) => each.Payload.Length + BytesPerEvent;
}
