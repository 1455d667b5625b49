using System.Text.Json;
using Attune.Engine.Schemas;
using Attune.Packs;
using Attune.Server.Hosting;
using Attune.Server.Packs;
using Google.Protobuf.WellKnownTypes;
using Wire = Attune.V1;

namespace Attune.Server.Triggers;

/// <summary>Makes, changes and deletes triggers by hand. What comes from a pack is changed with its pack, except whether it is enabled.</summary>
sealed class SaveTrigger(TriggerStore store, PackStore packs, PartCatalogs catalogs)
{
    static readonly string[] Changeable = ["label", "description", "enabled", "parameters", "output", "tags"];

    public async Task<Result<TriggerRow>> CreateAsync(Caller caller, Wire.Trigger trigger, bool enabled, CancellationToken ct)
    {
        if (PartText.CheckRef(trigger.Ref, "trigger") is { } refusal)
            return refusal;
        caller.Demand("triggers", "create", PackNames.PackOf(trigger.Ref));
        if (Check(trigger, Changeable) is { } invalid)
            return invalid;
        if (await packs.FindAsync(PackNames.PackOf(trigger.Ref), ct) is null)
            return PackFailures.NotFound(PackNames.PackOf(trigger.Ref));

        if (!await store.InsertAsync(TextOf(trigger, enabled), ct))
            return new Failure(FailureKind.AlreadyExists, "TRIGGER_EXISTS", $"There is a trigger '{trigger.Ref}' already.");
        catalogs.Forget();
        return await GetAsync(trigger.Ref, ct);
    }

    public async Task<Result<TriggerRow>> UpdateAsync(Caller caller, Wire.Trigger trigger, FieldMask? mask, CancellationToken ct)
    {
        caller.Demand("triggers", "update", PackNames.PackOf(trigger.Ref));
        if (PartText.CheckMask(mask, Changeable) is { } unfit)
            return unfit;
        if (await store.FindAsync(trigger.Ref, ct) is not { } row)
            return NotFound(trigger.Ref);
        if (!row.IsAdhoc && mask!.Paths.Any(path => path is not "enabled"))
            return NotAdhoc(row, "only `enabled` may be changed");
        if (Check(trigger, mask!.Paths) is { } invalid)
            return invalid;

        var updated = await store.UpdateAsync(TextOf(trigger, trigger.Enabled), mask.Paths, trigger.Updated?.ToDateTimeOffset(), ct);
        catalogs.Forget();
        return updated ? await GetAsync(trigger.Ref, ct) : PartText.Changed("trigger", trigger.Ref);
    }

    public async Task<Result<TriggerRow>> SetEnabledAsync(Caller caller, string reference, bool enabled, CancellationToken ct)
    {
        caller.Demand("triggers", "update", PackNames.PackOf(reference));
        if (await store.FindAsync(reference, ct) is null)
            return NotFound(reference);

        await store.SetEnabledAsync(reference, enabled, ct);
        catalogs.Forget();
        return await GetAsync(reference, ct);
    }

    public async Task<Failure?> DeleteAsync(Caller caller, string reference, CancellationToken ct)
    {
        caller.Demand("triggers", "delete", PackNames.PackOf(reference));
        if (await store.FindAsync(reference, ct) is not { } row)
            return NotFound(reference);
        if (!row.IsAdhoc)
            return NotAdhoc(row, "it goes with its pack");

        await store.DeleteAsync(reference, ct);
        catalogs.Forget();
        return null;
    }

    public static Failure NotFound(string reference) => Failure.NotFound("TRIGGER_NOT_FOUND", $"There is no trigger '{reference}'.");

    async Task<Result<TriggerRow>> GetAsync(string reference, CancellationToken ct)
        => await store.FindAsync(reference, ct) is { } row ? row : NotFound(reference);

    static Failure NotAdhoc(TriggerRow row, string consequence)
        => new(FailureKind.Refused, "NOT_ADHOC", $"Trigger '{row.Ref}' comes from pack '{row.PackRef}': {consequence}.");

    static Failure? Check(Wire.Trigger trigger, IEnumerable<string> fields)
    {
        var violations = new List<Violation>();
        foreach (var field in fields)
        {
            switch (field)
            {
                case "label" or "description":
                    PartText.Check($"trigger.{field}", field is "label" ? trigger.Label : trigger.Description, violations);
                    break;
                case "tags":
                    PartText.CheckTags("trigger.tags", trigger.Tags, violations);
                    break;
                case "parameters" or "output":
                    CheckSchema($"trigger.{field}", field is "output" ? trigger.Output : trigger.Parameters, field is "output", violations);
                    break;
            }
        }

        return violations.Count == 0 ? null : Failure.Invalid("SCHEMA_INVALID", violations);
    }

    static void CheckSchema(string field, Struct? schema, bool mayHoldSecrets, List<Violation> violations)
    {
        try
        {
            using var document = JsonDocument.Parse(schema.ToUtf8Json());
            var reading = Schema.Parse(document.RootElement);
            violations.AddRange(reading.Problems.Select(problem => new Violation(problem.PathUnder(field), problem.Message)));
            if (!mayHoldSecrets && reading.Schema is { HasSecrets: true })
                violations.Add(new(field, "may not be secret: rules show them. Give the secret to the sensor's configuration instead."));
            violations.AddRange(PartText.FindBadText(document.RootElement, field));
        }
        catch (JsonException)
        {
            violations.Add(new(field, "is nested too deeply."));
        }
    }

    static TriggerText TextOf(Wire.Trigger trigger, bool enabled) => new()
    {
        Ref = trigger.Ref,
        Label = trigger.Label is "" ? trigger.Ref : trigger.Label,
        Description = trigger.Description,
        Enabled = enabled,
        Parameters = System.Text.Encoding.UTF8.GetString(trigger.Parameters.ToUtf8Json()),
        Output = System.Text.Encoding.UTF8.GetString(trigger.Output.ToUtf8Json()),
        Tags = [.. trigger.Tags],
    };
}
