using System.Diagnostics;
using Attune.V1;
using Grpc.Core;

namespace Attune.Benchmarks.Latency;

/// <summary>A unary call that carries and does nothing, there and back.</summary>
sealed class EmptyCall(ChannelBase channel)
{
    readonly SystemService.SystemServiceClient client = new(channel);
    readonly GetVersionRequest request = new();

    public async Task<TimeSpan> RunAsync(CancellationToken ct)
    {
        var start = Stopwatch.GetTimestamp();
        await client.GetVersionAsync(request, cancellationToken: ct);
        return Stopwatch.GetElapsedTime(start);
    }
}
