using System.Text.RegularExpressions;
using Attune.Server.Dispatch;
using Attune.Server.Hosting;
using Attune.V1;
using Google.Protobuf.WellKnownTypes;
using Microsoft.Extensions.Options;

namespace Attune.Server.Workers;

/// <summary>
/// The first exchange of a session: who is it, may it serve, and what of the work it holds, or should hold, is still its own.
/// </summary>
sealed partial class AdmitAgent(
    WorkerStore store, DispatchStore dispatch, AgentSessions sessions, TimeProvider clock, IOptions<WorkerOptions> options)
{
    public const int ProtocolVersion = 1;
    const int SlotsMax = 10_000;
    const int SpoolIdLengthMax = 128;

    /// <summary>Exactly one of <paramref name="Session"/> and <paramref name="Refusal"/> is set.</summary>
    public sealed record Admission(AgentSession? Session, Welcome? Welcome, Refusal? Refusal)
    {
        /// <summary>Given to the agent by the database, and not begun by it: back to the queue.</summary>
        public IReadOnlyList<(long Execution, int Attempt)> NeverBegun { get; init; } = [];

        /// <summary>Given to the agent by the database, and lost with its disk: reported on its behalf.</summary>
        public IReadOnlyList<AssignedExecution> Lost { get; init; } = [];

        /// <summary>Of an agent whose spool was replaced: to be stored once all that the old one knew of is settled.</summary>
        public string? NewSpoolId { get; init; }
        public Drain? Drain { get; init; }
    }

    public async Task<Admission> RunAsync(Hello hello, Caller caller, CancellationToken ct)
    {
        if (Check(hello, caller) is { } refusal)
            return new(null, null, refusal);

        var now = clock.GetUtcNow();
        var sessionId = Guid.NewGuid();
        var registered = await store.RegisterAsync(
            hello, sessionId, Environment.MachineName, now, now + options.Value.Lease, ct);
        if (registered is null)
        {
            return new(null, null, new()
            {
                Reason = "ROLE_NOT_ALLOWED",
                Message = $"No agent named '{hello.Name}' has joined here for the role {WorkerMapping.RoleText(hello.Role)}. "
                          + "Join again with a fresh join token.",
            });
        }

        var session = new AgentSession(registered.Id, hello.Name, sessionId)
        {
            Facts = hello.ToFacts(WorkerMapping.ReadLabels(registered.Labels)),
            Slots = hello.Slots,
            Cordoned = registered.Cordoned,
            Draining = registered.Draining,
            Leaving = hello.Draining,
            SpoolId = hello.SpoolId,
            TakesSensors = hello.Role is WorkerRole.Sensor or WorkerRole.Hybrid,
        };

        // The old stream must stop delivering before we read what the database gives to this agent.
        sessions.Find(registered.Id)?.Close();
        return await ReconcileAsync(session, hello, registered, ct);
    }

    async Task<Admission> ReconcileAsync(AgentSession session, Hello hello, RegisteredWorker registered, CancellationToken ct)
    {
        var assigned = await dispatch.ListAssignedAsync([session], DateTimeOffset.MaxValue, ct);
        var held = hello.Held.Select(each => (each.ExecutionId, each.Attempt)).ToHashSet();
        var neverBegun = new List<(long, int)>();
        var lost = new List<AssignedExecution>();
        foreach (var row in assigned)
        {
            if (held.Contains((row.Execution, row.Attempt)))
                session.Adopt(row.Execution, row.ToOutstanding());
            else if (hello.SpoolId == registered.EarlierSpoolId)
                neverBegun.Add((row.Execution, row.Attempt));
            else
                lost.Add(row);
        }

        var welcome = new Welcome
        {
            WorkerId = session.WorkerId,
            SessionId = session.SessionId.ToString(),
            HeartbeatInterval = Duration.FromTimeSpan(options.Value.HeartbeatFor(sessions.All.Length + 1)),
            Lease = Duration.FromTimeSpan(options.Value.Lease),
            ServerVersion = Hosting.ServerVersion.Number,
        };
        welcome.Stop.Add(hello.Held.Where(each => !session.Knows(each.ExecutionId, each.Attempt)));
        return new(session, welcome, null)
        {
            NeverBegun = neverBegun,
            Lost = lost,
            NewSpoolId = hello.SpoolId == registered.EarlierSpoolId ? null : hello.SpoolId,
            Drain = registered.Draining
                ? new() { Deadline = registered.DrainDeadline?.ToTimestamp(), Reason = registered.DrainReason ?? "" }
                : null,
        };
    }

    static Refusal? Check(Hello hello, Caller caller)
    {
        if (hello.ProtocolVersion != ProtocolVersion)
        {
            return new()
            {
                Reason = "PROTOCOL_VERSION",
                Message = $"The agent speaks protocol {hello.ProtocolVersion}, this server speaks {ProtocolVersion}. "
                          + "Install the agent of the server's version.",
            };
        }

        if (hello.Name != caller.WorkerName)
            return Invalid($"name: '{hello.Name}' is not the name in the agent's certificate, '{caller.WorkerName}'.");
        if (hello.Slots is < 1 or > SlotsMax)
            return Invalid($"slots: {hello.Slots} is not between 1 and {SlotsMax}.");
        if (hello.Role is WorkerRole.Unspecified)
            return Invalid("role: must be action, sensor or hybrid.");
        if (hello.SpoolId.Length > SpoolIdLengthMax)
            return Invalid($"spool_id: has {hello.SpoolId.Length} characters; {SpoolIdLengthMax} are the most.");

        foreach (var (name, value) in hello.Labels)
        {
            if (!LabelName().IsMatch(name) || value.Length > 255)
                return Invalid($"labels: '{name}' is no label name ([a-zA-Z0-9][a-zA-Z0-9._/-]*, 63 at most) or its value is over 255.");
        }

        return null;

        static Refusal Invalid(string message) => new() { Reason = "HELLO_INVALID", Message = message };
    }

    [GeneratedRegex("^[a-zA-Z0-9][a-zA-Z0-9._/-]{0,62}$")]
    internal static partial Regex LabelName();
}
