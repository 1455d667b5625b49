using Attune.Agent.Joining;
using Attune.Agent.Sensors;
using Microsoft.Extensions.Logging;

namespace Attune.Agent.Session;

/// <summary>Runs the sessions until a signal, and then stops in order: nothing new, finish, cancel, report, leave.</summary>
sealed partial class Shutdown(Work work, Assignments sensors, Reports reports, Drains drains, SessionLoop sessions, ILogger<Shutdown> logger)
{
    static readonly TimeSpan QuickGrace = TimeSpan.FromSeconds(1);
    static readonly TimeSpan ReportPatience = TimeSpan.FromSeconds(5);

    /// <summary>Throws the sessions' <see cref="HopelessException"/>, but only when nothing runs any more.</summary>
    public async Task RunAsync(TimeSpan stopGrace, StopSignals signals, TimeProvider clock)
    {
        using var ending = new CancellationTokenSource();
        var loop = sessions.RunAsync(ending.Token);
        await WaitAsync(loop, signals.Orderly);
        if (loop.IsFaulted)
            await EndWorkAsync(loop.Exception.GetBaseException().Message, signals.Orderly);

        if (signals.Orderly.IsCancellationRequested)
            drains.Begin("the agent was asked to stop", clock.GetUtcNow() + stopGrace);
        await WaitAsync(work.WhenIdleAsync(CancellationToken.None), signals.Quick);
        if (work.SlotsInUse > 0)
        {
            work.CancelAll("The agent stops at once.", QuickGrace);
            await WaitAsync(work.WhenIdleAsync(CancellationToken.None), QuickGrace * 3, clock);
        }

        // What they said last is in the buffer then, for this stream or the next start.
        var sensorsStopped = sensors.StopAsync();
        await WaitAsync(sensorsStopped, signals.Quick);
        if (!sensorsStopped.IsCompleted)
        {
            sensors.Kill();
            await WaitAsync(sensorsStopped, QuickGrace * 3, clock);
        }

        // What is not acknowledged by then stays in the spool for the next start.
        if (sessions.Connection.State == ConnectionState.Connected && !loop.IsCompleted)
            await WaitForAcknowledgementsAsync(clock, signals.Quick);
        await work.AbandonAsync(QuickGrace, clock);

        await ending.CancelAsync();
        await loop;
    }

    /// <summary>Without a control plane to come back to, what runs still ends in its own time and leaves its result in the spool.</summary>
    async Task EndWorkAsync(string why, CancellationToken until)
    {
        if (work.SlotsInUse == 0)
            return;

        LogLast(why, work.SlotsInUse);
        drains.Begin(why, deadline: null);
        await WaitAsync(work.WhenIdleAsync(CancellationToken.None), until);
    }

    async Task WaitForAcknowledgementsAsync(TimeProvider clock, CancellationToken quick)
    {
        if (quick.IsCancellationRequested)
            await WaitAsync(reports.WhenEmptyAsync(), QuickGrace, clock);
        else
            await reports.WhenEmptyAsync().WaitAsync(ReportPatience, clock, quick).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    static async Task WaitAsync(Task task, CancellationToken until)
        => await task.WaitAsync(until).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    static async Task WaitAsync(Task task, TimeSpan most, TimeProvider clock)
        => await task.WaitAsync(most, clock).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Why} The agent ends when its {Running} runs have")]
    partial void LogLast(string why, int running);
}
