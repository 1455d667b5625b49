using System.Text;
using Attune.V1;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace Attune.Agent.Running;

/// <summary>One attempt from its process's start to its report.</summary>
sealed class Run(ActionSpec spec, WorkItem item, RunEvents events, RunControl control, TimeProvider clock, CancellationTokenSource aborting)
{
    const int MessageMax = 8 * 1024;

    readonly Masker masker = new(SecretForms.Values(item.Parameters.Memory, spec.SecretParameters)
        .Concat(item.ApiToken.Length > 0 ? [item.ApiToken] : []));

    RunOutput? output;

    public DateTimeOffset? StartedAt { get; private set; }

    public long LastSequence => output?.LastSequence ?? 0;

    RunOutput Output => output ??= new RunOutput(masker, item.Attempt, events.Log, clock);

    public string Clean(string text) => Packs.Tail.OfBytes(masker.Apply(text), MessageMax).Replace('\0', '\uFFFD');

    public ValueTask WaitForEnvironmentAsync()
        => Output.SayAsync($"[waiting for the environment of {spec.PackRef} for {spec.RuntimeRef} to be built]", aborting.Token);

    public async Task<Finished> ExecuteAsync(ProcessLoop processes, ProcessStart start, RunFolder folder, CancellationToken stopping)
    {
        stopping.ThrowIfCancellationRequested();
        if (control.IsCancelled || control.IsAborted)
        {
            throw new OperationCanceledException();
        }

        StartedAt = clock.GetUtcNow();
        if (!processes.TryStart(start, out var child, out var error))
        {
            StartedAt = null;
            throw new RefusedException("START_FAILED", error);
        }

        try
        {
            folder.Begun(child.Id);
            events.Started(StartedAt.Value);
            control.Attach(child, aborting);
            await Output.PumpAsync(child, aborting.Token);
        }
        catch
        {
            // Nobody reads it any more, and the folder goes: so it must not go on.
            child.Kill();
            folder.Ended(await child.End);
            throw;
        }

        var end = await child.End;
        folder.Ended(end);
        await SayEndAsync(end);
        return Report(end);
    }

    async ValueTask SayEndAsync(ProcessEnd end)
    {
        var cause = end.Cause switch
        {
            EndCause.Terminated => $"[stopped: {control.Reason}]",
            EndCause.TimedOut => $"[stopped: ran longer than {item.TimeoutMilliseconds} ms]",
            _ => null,
        };
        if (cause is not null)
        {
            await Output.SayAsync(cause, aborting.Token);
        }

        if (end.Leftovers > 0)
        {
            await Output.SayAsync(end.Leftovers == 1 ? "[1 process was left behind and was killed]" : $"[{end.Leftovers} processes were left behind and were killed]", aborting.Token);
        }

        if (end.Survivors > 0)
        {
            await Output.SayAsync($"[{end.Survivors} processes could not be killed; they are stuck in the kernel]", aborting.Token);
        }
    }

    Finished Report(ProcessEnd end)
    {
        var (json, fault) = ActionResult.Read(Output.Result, Output.ResultLength, spec.OutputFormat, masker);
        var finished = new Finished
        {
            ExecutionId = item.ExecutionId,
            Attempt = item.Attempt,
            Outcome = Outcome.Completed,
            StartedAt = Timestamp.FromDateTimeOffset(StartedAt!.Value),
            FinishedAt = Timestamp.FromDateTimeOffset(clock.GetUtcNow()),
            Result = UnsafeByteOperations.UnsafeWrap(json),
        };
        (finished.Outcome, var reason, var message) = Judge(end, fault);
        if (finished.Outcome != Outcome.Completed)
        {
            finished.Error = new ExecutionError
            {
                Reason = reason,
                Message = Clean(message),
                StderrTail = Output.ErrorTail,
                Signal = end.Signal is { } signal ? Signals.Name(signal) : "",
            };
            if (end.ExitCode is { } code)
            {
                finished.Error.ExitCode = code;
            }
        }

        finished.LastLogSequence = LastSequence;
        return finished;
    }

    (Outcome Outcome, string Reason, string Message) Judge(ProcessEnd end, OutputFault? fault)
    {
        var left = end.Survivors > 0 ? $"{end.Survivors} processes could not be killed." : "No process is left.";
        return end switch
        {
            { Cause: EndCause.Terminated } when control.IsStoppedByAgent
                => (Outcome.Lost, "AGENT_RESTARTED", $"The agent stopped while it ran. {left}"),
            { Cause: EndCause.Terminated } => (Outcome.Cancelled, "CANCELLED", $"Cancelled: {control.Reason}. {left}"),
            { Cause: EndCause.TimedOut } => (Outcome.Timeout, "TIMEOUT", $"It ran longer than {item.TimeoutMilliseconds} ms and was stopped. {left}"),
            { Cause: EndCause.Killed } => (Outcome.Lost, "AGENT_RESTARTED", $"The agent ended it. {left}"),
            { Signal: { } signal } => (Outcome.Failed, "SIGNAL", $"The process was ended by {Signals.Name(signal)}."),
            { ExitCode: not 0 } => (Outcome.Failed, "EXIT_CODE", ExitMessage(end.ExitCode)),
            _ when fault is not null => (Outcome.Failed, fault.Reason, fault.Message),
            _ => (Outcome.Completed, "", ""),
        };
    }

    string ExitMessage(int? code)
    {
        var last = Output.ErrorTail.Split('\n').LastOrDefault(line => !string.IsNullOrWhiteSpace(line))?.Trim();
        var text = new StringBuilder("The process ended with exit code ").Append(code?.ToString(null, null) ?? "(unknown)");
        return last is null ? text.Append('.').ToString() : text.Append(": ").Append(last).ToString();
    }
}
