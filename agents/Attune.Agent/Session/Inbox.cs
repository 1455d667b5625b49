using Attune.Agent.Joining;
using Attune.Agent.Sensors;
using Attune.Agent.Session.Spool;
using Attune.V1;

namespace Attune.Agent.Session;

/// <summary>Does what one stream's messages say, in their order. Lives as long as the stream.</summary>
sealed class Inbox(Work work, Assignments sensors, Reports reports, Renewal renewal, Runtimes runtimes, Drains drains)
{
    readonly Dictionary<long, ActionSpec> specs = [];

    public int Wanted => work.Wanted;

    public Google.Protobuf.ByteString? CertificateRequest() => renewal.RequestWhenDue();

    public void Welcome(Welcome welcome)
    {
        work.Stop(welcome.Stop.Select(each => new RunKey(each.ExecutionId, each.Attempt)));
        reports.BeginStream(work.IsActive);
    }

    public void Take(ControlMessage message)
    {
        foreach (var spec in message.Specs)
            specs[spec.SpecId] = spec;

        // Before the items: an acknowledged report is what makes room for them.
        if (message.Acks.Count > 0)
            Acknowledge(message.Acks);
        if (message.LogAcks.Count > 0)
            reports.AcknowledgeLogs(message.LogAcks);
        if (message.Drain is { } drain)
            drains.Take(drain);
        if (message.Items.Count > 0)
            work.Take(message.Items, specs);
        if (message.Cancels.Count > 0)
            work.Cancel(message.Cancels);
        if (message.SensorEventAck is { } eventAck)
            sensors.Outbox.Acknowledge(eventAck);
        if (message.Sensors is { } assigned)
            sensors.Take(assigned);
        if (message.Certificate.Length > 0)
            renewal.Accept(message.Certificate);
        if (message.RuntimeProbes.Count > 0)
            runtimes.Probe(message.RuntimeProbes);
    }

    void Acknowledge(IReadOnlyList<ReportAck> acks)
    {
        var stale = new List<RunKey>();
        reports.Acknowledge(acks, stale);
        if (stale.Count > 0)
            work.Stop(stale);
    }
}
