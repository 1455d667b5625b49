using Attune.Agent.Joining;
using Attune.V1;
using Grpc.Core;
using Grpc.Net.Client;

namespace Attune.Agent.Session;

/// <summary>Opens streams, each on a connection of its own and with the newest certificate.</summary>
sealed class Connector(ControlPlane controlPlane, Renewal renewal)
{
    /// <summary>Whether the control plane has ever welcomed this process.</summary>
    public bool WasWelcome { get; set; }

    public SessionStream Open()
    {
        var channel = controlPlane.Open(renewal.Identity);
        var headers = controlPlane.HeadersFor(renewal.Identity, "Connect");
        var lifetime = new CancellationTokenSource();
        return new(channel, new WorkerService.WorkerServiceClient(channel).Connect(headers, cancellationToken: lifetime.Token), lifetime);
    }
}

/// <summary>One call of `Connect`. Cancelling <see cref="Lifetime"/> ends it at once.</summary>
sealed record SessionStream(
    GrpcChannel Channel, AsyncDuplexStreamingCall<WorkerMessage, ControlMessage> Call, CancellationTokenSource Lifetime) : IDisposable
{
    public IClientStreamWriter<WorkerMessage> Out => Call.RequestStream;

    public IAsyncStreamReader<ControlMessage> In => Call.ResponseStream;

    public void Dispose()
    {
        Call.Dispose();
        Channel.Dispose();
        Lifetime.Dispose();
    }
}
