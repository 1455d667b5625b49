using Attune.Server.Actions;
using Attune.Server.Hosting;
using Google.Protobuf.WellKnownTypes;
using Wire = Attune.V1;

namespace Attune.Server.Triggers;

static class TriggerMapping
{
    public static TriggerDefinition ToDefinition(this TriggerRow row) => new()
    {
        Id = row.Id,
        Ref = row.Ref,
        PackRef = row.PackRef,
        Enabled = row.Enabled,
        Parameters = ActionMapping.SchemaOf(row.ParamSchema),
        Output = ActionMapping.SchemaOf(row.OutSchema),
    };

    public static Wire.Trigger ToWire(this TriggerRow row) => new()
    {
        Id = row.Id,
        Ref = row.Ref,
        PackRef = row.PackRef,
        Label = row.Label,
        Description = row.Description,
        Enabled = row.Enabled,
        IsAdhoc = row.IsAdhoc,
        Parameters = JsonStruct.ToStruct(row.ParamSchema ?? "{}"),
        Output = JsonStruct.ToStruct(row.OutSchema ?? "{}"),
        Tags = { row.Tags },
        WebhookEnabled = row.WebhookEnabled,
        Created = row.Created.ToTimestamp(),
        Updated = row.Updated.ToTimestamp(),
    };
}
