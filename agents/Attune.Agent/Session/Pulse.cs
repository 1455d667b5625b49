using Attune.Agent.Joining;
using Attune.V1;
using Google.Protobuf.WellKnownTypes;

namespace Attune.Agent.Session;

/// <summary>Heartbeats of one stream, and the judgement that the other side is gone.</summary>
sealed class Pulse(Work work, Reports reports, Renewal renewal, TimeProvider clock)
{
    static readonly TimeSpan ShortestInterval = TimeSpan.FromMilliseconds(50);

    TimeSpan interval = TimeSpan.FromSeconds(10);
    TimeSpan lease = TimeSpan.FromSeconds(60);
    long heardAt;

    public void Welcome(Welcome welcome)
    {
        Change(welcome.HeartbeatInterval);
        lease = welcome.Lease?.ToTimeSpan() ?? lease;
        Heard();
    }

    public void Take(HeartbeatAck ack) => Change(ack.HeartbeatInterval);

    /// <summary>Anything that arrives proves life.</summary>
    public void Heard() => Volatile.Write(ref heardAt, clock.GetTimestamp());

    /// <summary>Ends with <see cref="SilenceException"/> when nothing has come for longer than a lease or three intervals.</summary>
    public async Task RunAsync(CancellationToken ct)
    {
        while (true)
        {
            await Task.Delay(Backoff.Jittered(interval, Random.Shared.NextDouble()), clock, ct);

            var silence = clock.GetElapsedTime(Volatile.Read(ref heardAt));
            if (silence > lease && silence > interval * 3)
                throw new SilenceException(silence);

            var request = renewal.RequestWhenDue();
            var wanted = work.ProbeDisk();
            var heartbeat = Beat();
            reports.Say(message =>
            {
                message.Heartbeat = heartbeat;
                if (wanted)
                    message.Pull = new() { Slots = work.Wanted };
                if (request is not null)
                    message.CertificateRequest = request;
            });
        }
    }

    Heartbeat Beat()
    {
        var spool = reports.Room();
        return new()
        {
            SentAt = clock.GetUtcNow().ToTimestamp(),
            SlotsInUse = work.SlotsInUse,
            ResidentBytes = Environment.WorkingSet,
            SpoolBytes = spool.WaitingBytes,
            SpoolDroppedBytes = spool.DroppedBytes,
        };
    }

    void Change(Duration? next)
    {
        if (next is not null && next.ToTimeSpan() >= ShortestInterval)
            interval = next.ToTimeSpan();
    }
}

sealed class SilenceException(TimeSpan silence)
    : Exception($"the control plane has said nothing for {silence.TotalSeconds:0} s");
