using Attune.V1;
using Grpc.Core;

namespace Attune.Benchmarks.Installations;

/// <summary>Whether the server says that an agent is connected.</summary>
static class WorkerConnection
{
    static readonly TimeSpan LookAgainAfter = TimeSpan.FromMilliseconds(5);
    static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    public static async Task UntilAsync(Installation installation, string name, bool isConnected, CancellationToken ct)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(ct);
        patience.CancelAfter(Deadline);
        try
        {
            while (await IsConnectedAsync(installation, name, patience.Token) != isConnected)
                await Task.Delay(LookAgainAfter, TimeProvider.System, patience.Token);
        }
        catch (Exception exception) when (patience.IsCancellationRequested && !ct.IsCancellationRequested)
        {
            throw new TimeoutException($"The agent '{name}' was not {(isConnected ? "connected" : "gone")} within {Deadline}.", exception);
        }
    }

    static async Task<bool> IsConnectedAsync(Installation installation, string name, CancellationToken ct)
    {
        try
        {
            var answer = await installation.Workers.GetWorkerAsync(
                new GetWorkerRequest { Name = name }, installation.Admin, cancellationToken: ct);
            return answer.Worker.Connected;
        }
        catch (RpcException exception) when (exception.StatusCode is StatusCode.NotFound)
        {
            return false;
        }
    }
}
