using Attune.Agent.Joining;

namespace Attune.Agent.Session;

/// <summary>Runs the sessions until a signal, and then stops in order: nothing new, finish, cancel, report, leave.</summary>
sealed class Shutdown(Work work, Reports reports, Drains drains, SessionLoop sessions, TimeProvider clock)
{
    static readonly TimeSpan QuickGrace = TimeSpan.FromSeconds(1);
    static readonly TimeSpan ReportPatience = TimeSpan.FromSeconds(5);

    /// <summary>Throws the sessions' <see cref="HopelessException"/>, but only when nothing runs any more.</summary>
    public async Task RunAsync(TimeSpan stopGrace, StopSignals signals)
    {
        using var ending = new CancellationTokenSource();
        var loop = sessions.RunAsync(ending.Token);
        await WaitAsync(loop, signals.Orderly);

        drains.Begin("the agent was asked to stop", clock.GetUtcNow() + stopGrace);
        await WaitAsync(work.WhenIdleAsync(CancellationToken.None), signals.Quick);
        if (work.SlotsInUse > 0)
        {
            work.CancelAll("The agent stops at once.", QuickGrace);
            await WaitAsync(work.WhenIdleAsync(CancellationToken.None), QuickGrace * 3);
        }

        // What is not acknowledged by then stays in the spool for the next start.
        if (sessions.Connection.State == ConnectionState.Connected)
            await WaitAsync(reports.WhenEmptyAsync(), signals.Quick.IsCancellationRequested ? QuickGrace : ReportPatience);
        await work.AbandonAsync(QuickGrace, clock);

        await ending.CancelAsync();
        await loop;
    }

    static async Task WaitAsync(Task task, CancellationToken until)
        => await task.WaitAsync(until).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    async Task WaitAsync(Task task, TimeSpan most)
        => await task.WaitAsync(most, clock).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
}
