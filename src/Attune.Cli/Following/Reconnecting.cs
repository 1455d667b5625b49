using Attune.Cli.Terminals;
using Attune.Protos.Client;
using Grpc.Core;

namespace Attune.Cli.Following;

/// <summary>A stream that goes on: a connection that breaks is taken up again. The call is made anew each time, with the cursor it has then.</summary>
sealed class Reconnecting(Invocation run)
{
    const int ReconnectsMax = 60;
    static readonly TimeSpan delay = TimeSpan.FromSeconds(1);

    /// <param name="follow">False: ends with the stream, and a broken connection is a failure.</param>
    /// <param name="begin">Makes the call.</param>
    /// <param name="take">Gets each message.</param>
    /// <param name="ct">Ends it.</param>
    public async Task RunAsync<T>(bool follow, Func<AsyncServerStreamingCall<T>> begin, Action<T> take, CancellationToken ct)
    {
        for (var broken = 0; ;)
        {
            try
            {
                using var call = begin();
                await foreach (var message in call.ResponseStream.ReadAllAsync(ct))
                {
                    if (broken > 0)
                        Say("connected again");
                    broken = 0;
                    take(message);
                }

                if (!follow)
                    return;
            }
            catch (AttuneException failure) when (follow && failure.StatusCode is StatusCode.Unavailable && broken < ReconnectsMax)
            {
            }

            if (++broken > ReconnectsMax)
                throw new CommandFailure("The server ends the stream again and again.", exitCode: ExitCode.Unreachable);
            if (broken is 1)
                Say("the connection broke; trying to take it up again");
            await Task.Delay(delay, run.Clock, ct);
        }
    }

    void Say(string line) => run.Answer.Note(Tone.Dim.Paint(line, run.Terminal.ColourError));
}
