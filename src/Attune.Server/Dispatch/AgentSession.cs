using System.Threading.Channels;
using Attune.Engine.Placement;
using Attune.Server.Sensors;
using Attune.V1;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace Attune.Server.Dispatch;

/// <summary>
/// One connected agent: what it is, what it holds, and the one loop that writes its stream. Everything queued while one message
/// is in flight goes into the next, so a lone item leaves at once and a flood leaves in bulk.
/// </summary>
sealed class AgentSession(long workerId, string name, Guid sessionId)
{
    // Below the 4 MB that a gRPC client accepts by default, with room for what a single item may add.
    const int MessageBytesTarget = 1024 * 1024;

    readonly Lock gate = new();
    readonly Dictionary<long, Outstanding> outstanding = [];

    // Reported as ended, not written yet. They hold no slot, but they are not lost either.
    readonly Dictionary<long, int> settling = [];
    readonly Dictionary<(string Ref, string Digest), long> specIds = [];
    readonly Queue<WorkItem> items = new();

    // Full means a wake-up is already on its way.
    readonly Channel<bool> wakeUps = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

    ControlMessage pending = new();
    bool hasPending;
    int reserved;
    int slots;
    bool closed;

    public long WorkerId => workerId;

    public string Name => name;

    public Guid SessionId => sessionId;

    /// <summary>Ends the stream, when another one of the same agent takes over.</summary>
    public System.Action? Ended { get; set; }

    /// <summary>Role, runtimes and labels; replaced as a whole when they change.</summary>
    public required Candidate Facts { get; set; }

    /// <summary>Names the agent's disk.</summary>
    public string SpoolId { get; init; } = "";

    /// <summary>What its sensors emitted and nobody has recorded yet. Whatever its role: it may bring what an earlier role left on its disk.</summary>
    public SensorBacklog Backlog { get; } = new();

    /// <summary>Its role does.</summary>
    public bool TakesSensors { get; init; }

    /// <summary>What the agent was last told of its sensors; null: nothing yet.</summary>
    public SensorAssignments? SentSensors { get; set; }

    public bool Cordoned { get; set; }

    public bool Draining { get; set; }

    /// <summary>The agent itself said that it will stop.</summary>
    public bool Leaving { get; set; }

    public int Slots
    {
        get => slots;
        set
        {
            lock (gate)
                slots = value;
        }
    }

    /// <summary>Slots that could take an item now.</summary>
    public int Free
    {
        get
        {
            lock (gate)
                return FreeLocked;
        }
    }

    public double Load
    {
        get
        {
            lock (gate)
                return slots == 0 ? 1 : (double)(outstanding.Count + reserved) / slots;
        }
    }

    int FreeLocked => closed || Cordoned || Draining || Leaving ? 0 : slots - outstanding.Count - reserved;

    /// <summary>Takes one slot for an item that is about to be stored as this agent's.</summary>
    public bool TryReserve()
    {
        lock (gate)
        {
            if (FreeLocked <= 0)
                return false;
            reserved++;
            return true;
        }
    }

    public void ReleaseReservation()
    {
        lock (gate)
            reserved--;
    }

    /// <summary>Turns a reservation into a held item and queues it. False: the stream is gone, the item must go back.</summary>
    public bool Deliver(Assignment assignment, string apiToken)
    {
        lock (gate)
        {
            reserved--;
            if (closed)
                return false;

            outstanding[assignment.ExecutionId] = new(
                assignment.Attempt, assignment.MaxAttempts, assignment.Retry, assignment.AtLeastOnce);
            var item = new WorkItem
            {
                ExecutionId = assignment.ExecutionId,
                Attempt = assignment.Attempt,
                SpecId = SpecIdLocked(assignment.Spec),
                Parameters = UnsafeByteOperations.UnsafeWrap(assignment.Parameters),
                TimeoutMilliseconds = (long)assignment.Timeout.TotalMilliseconds,
                Fence = string.Create(null, $"{assignment.ExecutionId}.{assignment.Attempt}"),
                ApiToken = apiToken,
            };
            if (assignment.EnvVars.Count > 0)
                item.EnvVars.Add(new Dictionary<string, string>(assignment.EnvVars));
            items.Enqueue(item);
        }

        return true;
    }

    /// <summary>After one or more <see cref="Deliver"/>.</summary>
    public void Flush() => wakeUps.Writer.TryWrite(true);

    /// <summary>Takes up what an agent brought along from an earlier stream.</summary>
    public void Adopt(long executionId, Outstanding held)
    {
        lock (gate)
            outstanding[executionId] = held;
    }

    /// <summary>Frees the slot of an attempt that ended. Null: not this session's (any more).</summary>
    public Outstanding? Take(long executionId, int attempt)
    {
        lock (gate)
        {
            if (!outstanding.TryGetValue(executionId, out var held) || held.Attempt != attempt)
                return null;
            outstanding.Remove(executionId);
            settling[executionId] = attempt;
            return held;
        }
    }

    /// <summary>What was reported of these attempts is committed.</summary>
    public void Settle(IEnumerable<Finished> finished)
    {
        lock (gate)
        {
            foreach (var each in finished)
            {
                if (settling.GetValueOrDefault(each.ExecutionId) == each.Attempt)
                    settling.Remove(each.ExecutionId);
            }
        }
    }

    /// <summary>Forgets an attempt that went back to the queue.</summary>
    public void Drop(long executionId, int attempt)
    {
        if (Take(executionId, attempt) is null)
            return;
        lock (gate)
            settling.Remove(executionId);
    }

    public bool Holds(long executionId, int attempt)
    {
        lock (gate)
            return outstanding.TryGetValue(executionId, out var held) && held.Attempt == attempt;
    }

    /// <summary>Held, or ended and on its way to the database.</summary>
    public bool Knows(long executionId, int attempt)
    {
        lock (gate)
        {
            return (outstanding.TryGetValue(executionId, out var held) && held.Attempt == attempt)
                   || settling.GetValueOrDefault(executionId) == attempt;
        }
    }

    public bool Holds(long executionId)
    {
        lock (gate)
            return outstanding.ContainsKey(executionId);
    }

    public IReadOnlyList<long> Held()
    {
        lock (gate)
            return [.. outstanding.Keys];
    }

    public void Send(System.Action<ControlMessage> add)
    {
        lock (gate)
        {
            add(pending);
            hasPending = true;
        }

        Flush();
    }

    public void Cancel(long executionId, string reason, TimeSpan grace)
    {
        lock (gate)
        {
            if (!outstanding.TryGetValue(executionId, out var held))
                return;
            pending.Cancels.Add(new CancelWork
            {
                ExecutionId = executionId,
                Attempt = held.Attempt,
                Reason = reason,
                Grace = Duration.FromTimeSpan(grace),
            });
            hasPending = true;
        }

        Flush();
    }

    /// <summary>Nothing more is delivered; what the agent holds stays leased to it.</summary>
    public void Close()
    {
        lock (gate)
            closed = true;
        wakeUps.Writer.TryComplete();
    }

    public async Task WriteAsync(IServerStreamWriter<ControlMessage> stream, CancellationToken ct)
    {
        while (await wakeUps.Reader.WaitToReadAsync(ct))
        {
            wakeUps.Reader.TryRead(out _);
            while (TakeMessage() is { } message)
                await stream.WriteAsync(message, ct);
        }
    }

    ControlMessage? TakeMessage()
    {
        lock (gate)
        {
            if (!hasPending && items.Count == 0)
                return null;

            var message = pending;
            (pending, hasPending) = (new(), false);
            var bytes = 0;
            while (bytes < MessageBytesTarget && items.TryDequeue(out var item))
            {
                message.Items.Add(item);
                bytes += item.Parameters.Length + 64;
            }

            return message;
        }
    }

    long SpecIdLocked(ActionSpec spec)
    {
        var key = (spec.ActionRef, spec.ReleaseDigest);
        if (specIds.TryGetValue(key, out var known))
            return known;

        var id = specIds.Count + 1;
        specIds[key] = id;
        var sent = spec.Clone();
        sent.SpecId = id;
        pending.Specs.Add(sent);
        hasPending = true;
        return id;
    }
}
