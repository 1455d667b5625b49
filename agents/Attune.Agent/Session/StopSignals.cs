using System.Runtime.InteropServices;

namespace Attune.Agent.Session;

/// <summary>SIGTERM and SIGINT: the first asks for an orderly stop, the second for one at once.</summary>
sealed class StopSignals : IDisposable
{
    readonly CancellationTokenSource orderly = new();
    readonly CancellationTokenSource quick = new();
    readonly List<PosixSignalRegistration> registrations = [];

    public CancellationToken Orderly => orderly.Token;

    public CancellationToken Quick => quick.Token;

    public static StopSignals OfThisProcess()
    {
        var signals = new StopSignals();
        foreach (var signal in (PosixSignal[])[PosixSignal.SIGTERM, PosixSignal.SIGINT])
        {
            signals.registrations.Add(PosixSignalRegistration.Create(signal, context =>
            {
                context.Cancel = true;
                signals.Stop();
            }));
        }

        return signals;
    }

    public void Stop()
    {
        if (orderly.IsCancellationRequested)
            quick.Cancel();
        else
            orderly.Cancel();
    }

    public void Dispose()
    {
        foreach (var registration in registrations)
            registration.Dispose();
        orderly.Dispose();
        quick.Dispose();
    }
}
