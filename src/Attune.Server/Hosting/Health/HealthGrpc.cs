using System.Collections.Frozen;
using Grpc.Core;
using Grpc.Health.V1;
using static Grpc.Health.V1.HealthCheckResponse.Types;

namespace Attune.Server.Hosting.Health;

/// <summary>grpc.health.v1: for the whole server ("") and for each of its services by full name; all share one state.</summary>
sealed class HealthGrpc(HealthState state, IHostApplicationLifetime lifetime) : Grpc.Health.V1.Health.HealthBase
{
    static readonly FrozenSet<string> Services
        = ApiDescriptors.Files.SelectMany(file => file.Services).Select(service => service.FullName).Append("").ToFrozenSet();

    public override Task<HealthCheckResponse> Check(HealthCheckRequest request, ServerCallContext context)
        => Services.Contains(request.Service)
            ? Task.FromResult(Answer(state.IsServing))
            : throw Failure.NotFound("SERVICE_UNKNOWN", $"No service '{request.Service}'.").ToRpcException();

    public override async Task Watch(
        HealthCheckRequest request, IServerStreamWriter<HealthCheckResponse> responseStream, ServerCallContext context)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, lifetime.ApplicationStopped);
        if (!Services.Contains(request.Service))
        {
            // The contract keeps such a call open: the service may come.
            await responseStream.WriteAsync(new() { Status = ServingStatus.ServiceUnknown }, ending.Token);
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, ending.Token);
        }

        while (true)
        {
            var (isServing, changed) = state.Read();
            await responseStream.WriteAsync(Answer(isServing), ending.Token);
            if (lifetime.ApplicationStopping.IsCancellationRequested)
                return;
            await changed.WaitAsync(ending.Token);
        }
    }

    static HealthCheckResponse Answer(bool isServing)
        => new() { Status = isServing ? ServingStatus.Serving : ServingStatus.NotServing };
}
