using System.Runtime.InteropServices;
using Attune.Benchmarks;
using Attune.Benchmarks.Latency;

if (args is [EchoServer.Verb, var port])
{
    await EchoServer.RunAsync(int.Parse(port));
    return 0;
}

if (!BenchArguments.TryParse(args, out var arguments, out var refusal))
{
    Console.Error.WriteLine($"{refusal}\n\n{BenchArguments.Usage}");
    return 2;
}

if (arguments.Help)
{
    Console.WriteLine(BenchArguments.Usage);
    return 0;
}

using var stop = new CancellationTokenSource();
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Cancel);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Cancel);
try
{
    return await new Bench(arguments, TimeProvider.System).RunAsync(stop.Token);
}
catch (OperationCanceledException) when (stop.IsCancellationRequested)
{
    return 130;
}

// Everything that was started is stopped on the way out.
void Cancel(PosixSignalContext signal)
{
    signal.Cancel = true;
    stop.Cancel();
}
