using System.Text.Json;
using Attune.Packs;
using Attune.Server.Executions;
using Attune.Server.Hosting;
using Google.Protobuf.WellKnownTypes;
using Wire = Attune.V1;

namespace Attune.Server.Events;

static class EventMapping
{
    public static Wire.Event ToWire(this EventRow row) => new()
    {
        Id = row.Id,
        TriggerRef = row.TriggerRef,
        Payload = JsonStruct.ToStruct(ParameterSecrets.Conceal(row.Payload)),
        Origin = ToOrigin(row.Origin),
        SourceRef = row.SourceRef ?? "",
        RuleRef = row.RuleRef ?? "",
        IdempotencyKey = row.IdempotencyKey ?? "",
        ReplayOf = row.ReplayOf ?? 0,
        Created = row.Created.ToTimestamp(),
        UnmatchedCount = row.UnmatchedCount,
    };

    /// <summary>With all that the caller may know of what the rules made of it.</summary>
    public static Wire.Event ToWire(this EventRow row, IEnumerable<EnforcementRow> enforcements, Caller caller)
    {
        var wire = row.ToWire();
        wire.Enforcements.Add(enforcements.Select(each => each.ToWire(caller)));
        if (row.Unmatched is not null)
        {
            using var document = JsonDocument.Parse(row.Unmatched);
            wire.Unmatched.Add(document.RootElement.EnumerateArray()
                .Select(each => new Wire.Unmatched { RuleRef = each.GetProperty("rule_ref").GetString(), Why = each.GetProperty("why").GetString() })
                .Where(each => caller.May("rules", "read", PackNames.PackOf(each.RuleRef))));
        }

        return wire;
    }

    /// <summary>Parameters are shown to those who may read the execution that they were for.</summary>
    public static Wire.Enforcement ToWire(this EnforcementRow row, Caller caller) => new()
    {
        Id = row.Id,
        EventId = row.Event ?? 0,
        RuleRef = row.RuleRef,
        TriggerRef = row.TriggerRef,
        Status = ToStatus(row.Status),
        ExecutionId = row.Execution ?? 0,
        ActionRef = row.ActionRef ?? "",
        Parameters = caller.May("executions", "read", PackNames.PackOf(row.ActionRef ?? ""))
            ? JsonStruct.ToStruct(ParameterSecrets.Conceal(row.Config))
            : null,
        Error = ToError(row.Error),
        Created = row.Created.ToTimestamp(),
    };

    public static NewEvent ToNew(this Wire.EmitEventRequest request, Caller caller)
        => New(request.TriggerRef, request.Payload, request.IdempotencyKey, request.RuleRef, caller);

    public static NewEvent ToNew(this Wire.EmitEventsItem item, Caller caller)
        => New(item.TriggerRef, item.Payload, item.IdempotencyKey, item.RuleRef, caller);

    public static string ToText(Wire.EventOrigin origin) => origin switch
    {
        Wire.EventOrigin.Api => "api",
        Wire.EventOrigin.Sensor => "sensor",
        Wire.EventOrigin.Webhook => "webhook",
        Wire.EventOrigin.Timer => "timer",
        Wire.EventOrigin.Replay => "replay",
        Wire.EventOrigin.System => "system",
        _ => throw new ArgumentOutOfRangeException(nameof(origin), origin, null),
    };

    static NewEvent New(string triggerRef, Struct? payload, string key, string ruleRef, Caller caller) => new()
    {
        TriggerRef = triggerRef,
        Payload = payload.ToUtf8Json(),
        Origin = Wire.EventOrigin.Api,
        SourceRef = caller.Login is "" ? null : caller.Login,
        IdempotencyKey = key is "" ? null : key,
        RuleRef = ruleRef is "" ? null : ruleRef,
    };

    static Wire.EventOrigin ToOrigin(string text) => text switch
    {
        "api" => Wire.EventOrigin.Api,
        "sensor" => Wire.EventOrigin.Sensor,
        "webhook" => Wire.EventOrigin.Webhook,
        "timer" => Wire.EventOrigin.Timer,
        "replay" => Wire.EventOrigin.Replay,
        "system" => Wire.EventOrigin.System,
        _ => throw new ArgumentOutOfRangeException(nameof(text), text, null),
    };

    static Wire.EnforcementStatus ToStatus(string text) => text switch
    {
        "created" => Wire.EnforcementStatus.Created,
        "processed" => Wire.EnforcementStatus.Processed,
        "disabled" => Wire.EnforcementStatus.Disabled,
        _ => throw new ArgumentOutOfRangeException(nameof(text), text, null),
    };

    static Wire.EnforcementError? ToError(string? json)
    {
        if (json is null)
            return null;
        using var document = JsonDocument.Parse(json);
        return new()
        {
            Reason = document.RootElement.GetProperty("reason").GetString(),
            Message = document.RootElement.GetProperty("message").GetString(),
        };
    }
}
