using System.Runtime.InteropServices;

namespace Attune.Cli;

/// <summary>The first Ctrl-C (or SIGTERM) asks the command to end; the second ends the process the system's way.</summary>
sealed class Interrupt : IDisposable
{
    readonly CancellationTokenSource asked = new();
    readonly PosixSignalRegistration[] signals;

    public Interrupt()
        => signals = [PosixSignalRegistration.Create(PosixSignal.SIGINT, Ask), PosixSignalRegistration.Create(PosixSignal.SIGTERM, Ask)];

    public CancellationToken Token => asked.Token;

    public void Dispose()
    {
        foreach (var signal in signals)
            signal.Dispose();
        asked.Dispose();
    }

    void Ask(PosixSignalContext context)
    {
        if (asked.IsCancellationRequested)
            return;

        context.Cancel = true;
        asked.Cancel();
    }
}
