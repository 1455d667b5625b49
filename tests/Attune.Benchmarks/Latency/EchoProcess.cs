using System.Diagnostics;
using System.Globalization;
using Attune.Benchmarks.Installations;
using Attune.Testing;
using Grpc.Net.Client;

namespace Attune.Benchmarks.Latency;

/// <summary>This program, started once more as <see cref="EchoServer"/>.</summary>
sealed class EchoProcess : IAsyncDisposable
{
    readonly Process process;

    EchoProcess(Process process, int port)
        => (this.process, Channel) = (process, Installation.OpenChannel(new($"http://127.0.0.1:{port}")));

    public GrpcChannel Channel { get; }

    public static async Task<EchoProcess> StartAsync(CancellationToken ct)
    {
        var port = FreePort.Take();
        var program = Path.Combine(AppContext.BaseDirectory, "Attune.Benchmarks");
        var process = Process.Start(new ProcessStartInfo(program, [EchoServer.Verb, port.ToString(CultureInfo.InvariantCulture)])
        {
            RedirectStandardInput = true,
        })!;
        await Waiting.UntilAsync(async () => process.HasExited || await FreePort.AnswersAsync(port, ct), "the echo server listens", ct);
        return new(process, port);
    }

    public async ValueTask DisposeAsync()
    {
        Channel.Dispose();
        process.StandardInput.Close();
        await process.WaitForExitAsync(CancellationToken.None);
        process.Dispose();
    }
}
