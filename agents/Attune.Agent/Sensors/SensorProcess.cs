using System.Diagnostics.CodeAnalysis;
using Attune.Agent.Running;
using Attune.V1;

namespace Attune.Agent.Sensors;

/// <summary>One process of a sensor, from its start line to its end.</summary>
sealed class SensorProcess : IDisposable
{
    /// <summary>Rule changes that it has not read. One that reads nothing is stopped before they fill the agent's memory.</summary>
    const long UnreadInputMax = 8 << 20;

    /// <summary>Between `stop` with the end of stdin, and SIGTERM.</summary>
    static readonly TimeSpan WordGrace = TimeSpan.FromSeconds(2);

    /// <summary>Between SIGTERM and SIGKILL.</summary>
    static readonly TimeSpan TermGrace = TimeSpan.FromSeconds(10);

    /// <summary>For what a killed process left in its pipes, while the buffer may take nothing.</summary>
    static readonly TimeSpan ReadGrace = TimeSpan.FromSeconds(2);

    readonly CancellationTokenSource abandoning = new();
    readonly ChildProcess child;
    readonly SensorOutput output;
    SensorAssignment told;

    SensorProcess(ChildProcess child, SensorOutput output, SensorAssignment told)
    {
        (this.child, this.output, this.told) = (child, output, told);
        output.Triggers = told.TriggerRefs;
        child.Tell(SensorWords.Start(told));
        Pumping = output.PumpAsync(child, abandoning.Token);
    }

    public int Id => child.Id;

    public Task<ProcessEnd> End => child.End;

    /// <summary>Ends after the process has, when all that it wrote is in the buffer.</summary>
    public Task Pumping { get; }

    public static bool TryStart(
        ProcessLoop processes, ProcessStart start, SensorAssignment sensor, SensorOutput output,
        [NotNullWhen(true)] out SensorProcess? started, [NotNullWhen(false)] out string? error)
    {
        started = processes.TryStart(start, out var child, out error) ? new(child, output, sensor) : null;
        return started is not null;
    }

    /// <summary>Tells the process what is different for it now.</summary>
    public void Tell(SensorAssignment next)
    {
        output.Triggers = next.TriggerRefs;
        var changes = SensorWords.Changes(told, next);
        told = next;
        if (changes.Length == 0)
            return;

        child.Tell(changes);
        if (child.UnreadInput <= UnreadInputMax)
            return;

        output.Say($"It has not read {child.UnreadInput} bytes of its stdin, where rule changes are told, so it is stopped");
        child.Terminate(TermGrace);
    }

    /// <summary>`stop` and the end of stdin, then SIGTERM to the group, then SIGKILL. Completes when no process is left and what it wrote is in the buffer.</summary>
    public async Task StopAsync(TimeProvider clock)
    {
        child.Tell(SensorWords.Stop);
        child.CloseInput();
        if (await EndsWithinAsync(WordGrace, clock))
            return;

        child.Terminate(TermGrace);
        if (await EndsWithinAsync(TermGrace + ReadGrace, clock))
            return;

        Abandon();
        await Pumping.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await End;
    }

    /// <summary>Kills it; what it has written and nobody has read is dropped.</summary>
    public void Abandon()
    {
        child.Kill();
        _ = abandoning.CancelAsync();
    }

    /// <summary>Only after both tasks have ended.</summary>
    public void Dispose() => abandoning.Dispose();

    async Task<bool> EndsWithinAsync(TimeSpan time, TimeProvider clock)
    {
        await Pumping.WaitAsync(time, clock).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return Pumping.IsCompleted;
    }
}
