using Attune.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace Attune.Benchmarks.Latency;

/// <summary>A message on an open duplex stream, one way, from before its write until the other process has it: one machine, one clock.</summary>
sealed class DuplexHop(ChannelBase channel) : IDisposable
{
    readonly AsyncDuplexStreamingCall<WorkerMessage, ControlMessage> stream = new WorkerService.WorkerServiceClient(channel).Connect();

    public async Task<TimeSpan> RunAsync(CancellationToken ct)
    {
        var sent = TimeProvider.System.GetUtcNow();
        await stream.RequestStream.WriteAsync(new() { Heartbeat = new() { SentAt = sent.ToTimestamp() } }, ct);
        await stream.ResponseStream.MoveNext(ct);
        return stream.ResponseStream.Current.HeartbeatAck.SentAt.ToDateTimeOffset() - sent;
    }

    public void Dispose() => stream.Dispose();
}
