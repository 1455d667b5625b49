using System.Threading.Channels;

namespace Attune.Server.Workflows;

/// <summary>Wakes whoever conducts workflows here. Carries no data: many wake-ups while it is busy need only one more look.</summary>
sealed class WorkflowSignals
{
    readonly Channel<bool> wakeUps = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    /// <summary>After the commit of something that happened to a workflow.</summary>
    public void Wake() => wakeUps.Writer.TryWrite(true);

    /// <returns>False when the time is over and nobody woke.</returns>
    public async Task<bool> WaitAsync(TimeSpan limit, TimeProvider clock, CancellationToken ct)
    {
        if (limit <= TimeSpan.Zero || wakeUps.Reader.TryRead(out _))
            return true;

        using var over = new CancellationTokenSource(limit, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, over.Token);
        try
        {
            await wakeUps.Reader.ReadAsync(either.Token);
            return true;
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return false;
        }
    }
}
