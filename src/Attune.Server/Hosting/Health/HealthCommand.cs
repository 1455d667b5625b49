using System.Net.Security;
using Grpc.Core;
using Grpc.Health.V1;
using Grpc.Net.Client;

namespace Attune.Server.Hosting.Health;

/// <summary>`attune-server health`: for containers and scripts.</summary>
static class HealthCommand
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    public static async Task<int> RunAsync(string address)
    {
        if (!Uri.TryCreate(address, UriKind.Absolute, out var server) || server.Scheme is not ("http" or "https"))
            throw new OperatorException($"health: '{address}' is no http:// or https:// address.");

        // A probe of the own host rarely knows the name that the certificate is for, and sends and learns nothing secret.
        using var handler = new SocketsHttpHandler
        {
            SslOptions =
            {
                RemoteCertificateValidationCallback = (_, _, _, errors) => server.IsLoopback || errors is SslPolicyErrors.None,
            },
        };
        using var channel = GrpcChannel.ForAddress(server, new() { HttpHandler = handler });
        using var patience = new CancellationTokenSource(Patience, TimeProvider.System);
        try
        {
            var answer = await new Grpc.Health.V1.Health.HealthClient(channel).CheckAsync(
                new(), cancellationToken: patience.Token);
            Console.WriteLine(answer.Status);
            return answer.Status is HealthCheckResponse.Types.ServingStatus.Serving ? 0 : 1;
        }
        catch (RpcException exception)
        {
            await Console.Error.WriteLineAsync($"{server}: {exception.Status.StatusCode} {exception.Status.Detail}");
            return 1;
        }
    }
}
