using System.Buffers;
using System.Text;
using System.Text.Json;
using Attune.Server.Hosting;
using Google.Protobuf.WellKnownTypes;
using Wire = Attune.V1;

namespace Attune.Server.Rules;

static class RuleMapping
{
    public static Wire.Rule ToWire(this RuleRow row) => new()
    {
        Id = row.Id,
        Ref = row.Ref,
        PackRef = row.PackRef,
        Label = row.Label,
        Description = row.Description,
        TriggerRef = row.TriggerRef,
        TriggerParams = JsonStruct.ToStruct(row.TriggerParams),
        Conditions = JsonStruct.ToValue(row.Conditions),
        ActionRef = row.ActionRef,
        ActionParams = JsonStruct.ToStruct(row.ActionParams),
        Enabled = row.Enabled,
        IsAdhoc = row.IsAdhoc,
        Tags = { row.Tags },
        Created = row.Created.ToTimestamp(),
        Updated = row.Updated.ToTimestamp(),
    };

    public static RuleText ToText(this Wire.Rule rule, bool enabled) => new()
    {
        Ref = rule.Ref,
        Label = rule.Label is "" ? rule.Ref : rule.Label,
        Description = rule.Description,
        TriggerRef = rule.TriggerRef,
        TriggerParams = Encoding.UTF8.GetString(rule.TriggerParams.ToUtf8Json()),
        Conditions = ToJson(rule.Conditions),
        ActionRef = rule.ActionRef,
        ActionParams = Encoding.UTF8.GetString(rule.ActionParams.ToUtf8Json()),
        Enabled = enabled,
        Tags = [.. rule.Tags],
    };

    public static RuleText ToText(this RuleRow row) => new()
    {
        Ref = row.Ref,
        Label = row.Label,
        Description = row.Description,
        TriggerRef = row.TriggerRef,
        TriggerParams = row.TriggerParams,
        Conditions = row.Conditions,
        ActionRef = row.ActionRef,
        ActionParams = row.ActionParams,
        Enabled = row.Enabled,
        Tags = row.Tags,
    };

    /// <summary>What the mask names is taken from the other one.</summary>
    public static RuleText With(this RuleText rule, RuleText changed, IReadOnlyCollection<string> fields) => rule with
    {
        Label = fields.Contains("label") ? changed.Label : rule.Label,
        Description = fields.Contains("description") ? changed.Description : rule.Description,
        TriggerRef = fields.Contains("trigger_ref") ? changed.TriggerRef : rule.TriggerRef,
        TriggerParams = fields.Contains("trigger_params") ? changed.TriggerParams : rule.TriggerParams,
        Conditions = fields.Contains("conditions") ? changed.Conditions : rule.Conditions,
        ActionRef = fields.Contains("action_ref") ? changed.ActionRef : rule.ActionRef,
        ActionParams = fields.Contains("action_params") ? changed.ActionParams : rule.ActionParams,
        Enabled = fields.Contains("enabled") ? changed.Enabled : rule.Enabled,
        Tags = fields.Contains("tags") ? changed.Tags : rule.Tags,
    };

    static string ToJson(Value? value)
    {
        if (value is null or { KindCase: Value.KindOneofCase.None or Value.KindOneofCase.NullValue })
            return "[]";

        var buffer = new ArrayBufferWriter<byte>(256);
        using (var writer = new Utf8JsonWriter(buffer))
            JsonStruct.Write(writer, value);
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }
}
