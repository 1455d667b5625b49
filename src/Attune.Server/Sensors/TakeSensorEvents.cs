using System.Threading.Channels;
using Attune.Server.Dispatch;
using Attune.Server.Events;
using Attune.Server.Hosting;
using Attune.V1;
using Grpc.Core;
using Npgsql;

namespace Attune.Server.Sensors;

/// <summary>
/// Records the events that one agent's sensors emit, in their order: whatever gathered while one write was in flight goes into the next.
/// Acknowledges after the commit. What must be refused is acknowledged with its reason, so that it cannot hold back the others.
/// </summary>
sealed partial class TakeSensorEvents(
    RecordEvents record, SensorEventStore store, SensorWriter notes, TimeProvider clock, ILogger<TakeSensorEvents> logger)
{
    const int PayloadBytesMax = 1024 * 1024;
    const int KeyLengthMax = 255;

    // In each batch and of each sensor; a sensor whose every event is refused must not drown its own log.
    const int RefusalLinesMax = 10;

    static readonly TimeSpan RetryDelay = TimeSpan.FromMilliseconds(200);
    static readonly ReadOnlyMemory<byte> EmptyObject = "{}"u8.ToArray();

    /// <summary>Runs beside the loop that reads the session's stream, and ends with it.</summary>
    public async Task RunAsync(AgentSession session, CancellationToken ct)
    {
        try
        {
            while (true)
                await TakeAsync(session, await session.Backlog.TakeAsync(ct), ct);
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            // Not acknowledged: the agent brings it again.
        }
        catch (Exception exception)
        {
            LogEnded(exception, session.Name);
            session.Ended?.Invoke();
        }
    }

    async Task TakeAsync(AgentSession session, IReadOnlyList<SensorEvent> batch, CancellationToken ct)
    {
        while (true)
        {
            try
            {
                if (await RecordAsync(session, batch, ct) is { } ack)
                {
                    session.Send(control => Merge(control, ack));
                    return;
                }

                await Task.Delay(RetryDelay, clock, ct);
            }
            catch (Exception exception) when (MayGoThroughLater(exception))
            {
                LogRetried(exception, batch.Count, session.Name);
                await Task.Delay(RetryDelay, clock, ct);
            }
            catch (Exception exception) when (exception is not (OperationCanceledException or ObjectDisposedException or ChannelClosedException))
            {
                await SplitAsync(session, batch, exception, ct);
                return;
            }
        }
    }

    // Halving finds what cannot be stored in few writes; what was stored already is found again by its key.
    async Task SplitAsync(AgentSession session, IReadOnlyList<SensorEvent> batch, Exception exception, CancellationToken ct)
    {
        if (batch.Count > 1)
        {
            var half = batch.Count / 2;
            await TakeAsync(session, [.. batch.Take(half)], ct);
            await TakeAsync(session, [.. batch.Skip(half)], ct);
            return;
        }

        LogRefused(exception, batch[0].SensorRef, session.Name);
        var ack = new SensorEventAck { ThroughSequence = batch[0].Sequence };
        ack.Refusals.Add(new SensorEventRefusal
        {
            Sequence = batch[0].Sequence,
            Reason = "EVENT_INVALID",
            Message = "The database cannot store this event.",
        });
        session.Send(control => Merge(control, ack));
        notes.Note(session, [new(batch[0].SensorRef, clock.GetUtcNow(), $"attune: event of {batch[0].TriggerRef} refused: EVENT_INVALID: {ack.Refusals[0].Message}")]);
    }

    // Null: not now.
    async Task<SensorEventAck?> RecordAsync(AgentSession session, IReadOnlyList<SensorEvent> batch, CancellationToken ct)
    {
        var emitters = await store.FindEmittersAsync(session.WorkerId, [.. batch.Select(each => each.SensorRef).Distinct()], ct);
        var prepared = new List<PreparedEvent>(batch.Count);
        var counts = new Counts();
        var foreign = new HashSet<(string, string)>();
        var ack = new SensorEventAck();
        foreach (var each in batch)
        {
            ack.ThroughSequence = Math.Max(ack.ThroughSequence, each.Sequence);
            var emitter = emitters.GetValueOrDefault(each.SensorRef);
            var failure = Check(session, each, emitter);
            if (failure is null && (await record.PrepareAsync(ToNew(session, each, emitter!), ct)).IsOk(out var ready, out failure))
            {
                prepared.Add(ready);
                continue;
            }

            if (failure!.Kind is FailureKind.Unavailable or FailureKind.Exhausted)
                return null;
            ack.Refusals.Add(new SensorEventRefusal { Sequence = each.Sequence, Reason = failure.Reason, Message = failure.Message });
            if (emitter is { MayEmit: true })
                counts.Reject(emitter, each, failure);
            else
                foreign.Add((each.SensorRef, failure.Reason));
        }

        foreach (var (sensor, reason) in foreign)
            LogForeign(session.Name, sensor, reason);

        if (prepared.Count > 0)
        {
            var stored = await record.StoreAsync(prepared, ct);
            for (var i = 0; i < stored.Count; i++)
            {
                if (!stored[i].IsDuplicate)
                    counts.Accept(prepared[i].Happened.SensorId!.Value);
            }
        }

        if (counts.Tallies.Count > 0)
            await store.CountAsync([.. counts.Tallies.Values], ct);
        notes.Note(session, counts.Lines(clock.GetUtcNow()));
        return ack;
    }

    static Failure? Check(AgentSession session, SensorEvent happened, SensorEmitter? emitter)
    {
        if (emitter is null)
            return Failure.NotFound("SENSOR_NOT_FOUND", $"There is no sensor '{happened.SensorRef}'.");
        if (!emitter.MayEmit)
            return new(FailureKind.Denied, "SENSOR_NOT_ASSIGNED", $"Sensor '{emitter.Ref}' was never assigned to agent '{session.Name}'.");
        if (!emitter.Triggers.Contains(happened.TriggerRef))
        {
            return new(
                FailureKind.Refused, "TRIGGER_NOT_DECLARED",
                $"Sensor '{emitter.Ref}' may emit {string.Join(", ", emitter.Triggers)}, and not '{happened.TriggerRef}'.");
        }

        if (happened.Payload.Length > PayloadBytesMax)
            return Failure.Invalid("PAYLOAD_TOO_LARGE", "payload", $"has {happened.Payload.Length} bytes; 1 MiB is the most.");
        if (happened.IdempotencyKey.Length > KeyLengthMax)
            return Failure.Invalid("IDEMPOTENCY_KEY_INVALID", "key", $"has {happened.IdempotencyKey.Length} characters; {KeyLengthMax} are the most.");
        return happened.IdempotencyKey is "" && session.SpoolId is ""
            ? Failure.Invalid("IDEMPOTENCY_KEY_INVALID", "key", "is missing, and the agent did not name its spool.")
            : null;
    }

    static NewEvent ToNew(AgentSession session, SensorEvent happened, SensorEmitter emitter) => new()
    {
        TriggerRef = happened.TriggerRef,
        Payload = happened.Payload.IsEmpty ? EmptyObject : happened.Payload.Memory,
        Origin = EventOrigin.Sensor,
        SourceRef = emitter.Ref,
        SensorId = emitter.Id,
        IdempotencyKey = happened.IdempotencyKey is ""
            ? string.Create(null, $"spool:{session.SpoolId}:{happened.Sequence}")
            : happened.IdempotencyKey,
        RuleRef = happened.RuleRef is "" ? null : happened.RuleRef,
    };

    // An acknowledgement that has not left yet takes the newer one in.
    static void Merge(ControlMessage control, SensorEventAck ack)
    {
        control.SensorEventAck ??= new();
        control.SensorEventAck.ThroughSequence = Math.Max(control.SensorEventAck.ThroughSequence, ack.ThroughSequence);
        control.SensorEventAck.Refusals.Add(ack.Refusals);
    }

    // The database's health, or a trigger or rule that went while its events were stored: asked again, they are refused for that.
    static bool MayGoThroughLater(Exception exception) => exception switch
    {
        PostgresException { IsTransient: false } postgres => postgres.SqlState[..2] is not ("22" or "23" or "54"),
        NpgsqlException or RpcException => true,
        _ => false,
    };

    sealed class Counts
    {
        readonly Dictionary<long, (SensorEmitter Sensor, List<string> Lines)> refusals = [];

        public Dictionary<long, SensorTally> Tallies { get; } = [];

        public void Accept(long sensor)
        {
            var tally = Tallies.GetValueOrDefault(sensor);
            Tallies[sensor] = new(sensor, tally.Accepted + 1, tally.Rejected);
        }

        public void Reject(SensorEmitter sensor, SensorEvent happened, Failure failure)
        {
            var tally = Tallies.GetValueOrDefault(sensor.Id);
            Tallies[sensor.Id] = new(sensor.Id, tally.Accepted, tally.Rejected + 1);
            if (!refusals.TryGetValue(sensor.Id, out var refused))
                refusals[sensor.Id] = refused = (sensor, []);
            if (refused.Lines.Count < RefusalLinesMax)
                refused.Lines.Add($"attune: event of {happened.TriggerRef} refused: {failure.Reason}: {failure.Message}");
        }

        public IEnumerable<SensorNote> Lines(DateTimeOffset now)
        {
            foreach (var (id, (sensor, lines)) in refusals)
            {
                foreach (var line in lines)
                    yield return new(sensor.Ref, now, line);
                if (Tallies[id].Rejected - lines.Count is > 0 and var more)
                    yield return new(sensor.Ref, now, $"attune: {more} more events refused");
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Recording {Count} events of agent {Agent} failed; they are tried again")]
    partial void LogRetried(Exception exception, int count, string agent);

    [LoggerMessage(Level = LogLevel.Error, Message = "An event of sensor {Sensor} on agent {Agent} cannot be stored and is refused")]
    partial void LogRefused(Exception exception, string sensor, string agent);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Agent {Agent} emitted as sensor {Sensor} and was refused: {Reason}")]
    partial void LogForeign(string agent, string sensor, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "Recording the events of agent {Agent} failed; its stream is ended, and it brings them again")]
    partial void LogEnded(Exception exception, string agent);
}
