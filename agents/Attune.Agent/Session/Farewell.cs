using Attune.V1;

namespace Attune.Agent.Session;

/// <summary>The control plane's wish that this stream end, and when. Until then reports and acknowledgements go on.</summary>
sealed class Farewell(TimeProvider clock)
{
    long begunAt;

    public GoAway? Message { get; private set; }

    public TimeSpan Left
    {
        get
        {
            var left = (Message?.Delay?.ToTimeSpan() ?? default) - clock.GetElapsedTime(begunAt);
            return left > TimeSpan.Zero ? left : TimeSpan.Zero;
        }
    }

    public bool IsDue => Message is not null && Left == TimeSpan.Zero;

    public void Begin(GoAway message, CancellationTokenSource ending)
    {
        if (Message is not null)
            return;

        begunAt = clock.GetTimestamp();
        Message = message;
        ending.CancelAfter(Left);
    }
}
