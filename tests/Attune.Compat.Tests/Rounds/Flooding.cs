using Google.Protobuf;
using Grpc.Core;

namespace Attune.Compat.Tests.Rounds;

static class Flooding
{
    static readonly TimeSpan StuckAfter = TimeSpan.FromMilliseconds(300);

    static readonly Note Lump = new() { Content = ByteString.CopyFrom(new byte[256 * 1024]) };

    /// <summary>
    /// Writes until a write has to wait for the reader, who does not read; then cancels, and ends by the failure that this must
    /// cause. A writer that ignores tokens therefore never ends.
    /// </summary>
    public static async Task UntilCancelledAsync(IAsyncStreamWriter<Note> writer, CancellationTokenSource patience)
    {
        while (true)
        {
            var write = writer.WriteAsync(Lump, patience.Token);
            if (await Task.WhenAny(write, Task.Delay(StuckAfter, TimeProvider.System, CancellationToken.None)) != write)
                await patience.CancelAsync();

            await write;
        }
    }
}
