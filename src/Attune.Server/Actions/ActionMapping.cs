using System.Text.Json;
using Attune.Engine.Schemas;
using Attune.Packs.Files;
using Attune.Server.Hosting;
using Attune.Server.Runtimes;
using Google.Protobuf.WellKnownTypes;
using Wire = Attune.V1;

namespace Attune.Server.Actions;

static class ActionMapping
{
    /// <summary>Where neither the caller nor the action says.</summary>
    static readonly TimeSpan DefaultTimeout = TimeSpan.FromSeconds(600);

    /// <summary>The longest that a workflow may take, and what it may take where nobody says.</summary>
    public static readonly TimeSpan WorkflowTimeout = TimeSpan.FromDays(365);

    public static ActionDefinition ToDefinition(this ActionRow row)
    {
        var parameters = SchemaOf(row.ParamSchema);
        return new()
        {
            Id = row.Id,
            Ref = row.Ref,
            PackRef = row.PackRef,
            Enabled = row.Enabled,
            IsWorkflow = row.IsWorkflow,
            AtLeastOnce = row.Delivery is "at_least_once",
            Timeout = row.TimeoutSeconds is { } seconds ? TimeSpan.FromSeconds(seconds) : row.IsWorkflow ? WorkflowTimeout : DefaultTimeout,
            Retry = RetryOf(row.Retry),
            WorkerLabels = LabelsOf(row.WorkerLabels),
            PermissionSets = row.PermissionSets,
            RuntimeRef = row.RuntimeRef ?? "",
            RuntimeVersion = row.RuntimeVersion,
            ReleaseDigest = row.ReleaseDigest,
            Parameters = parameters,
            Spec = new()
            {
                ActionRef = row.Ref,
                PackRef = row.PackRef,
                PackVersion = row.PackVersion,
                ReleaseDigest = row.ReleaseDigest,
                EntryPoint = row.Entrypoint,
                RuntimeRef = row.RuntimeRef ?? "",
                Runtime = RuntimeJson.ToSpec(row.ExecutionConfig),
                ParameterDelivery = DeliveryOf(row.ParameterDelivery),
                ParameterFormat = ParameterFormatOf(row.ParameterFormat),
                OutputFormat = OutputFormatOf(row.OutputFormat),
                SecretParameters = { parameters.SecretPaths },
            },
        };
    }

    /// <summary>As an older release has it, on the runtime as it is now.</summary>
    public static Wire.ActionSpec ToSpec(this ActionFile file, PackManifest pack, string digest, string? executionConfig) => new()
    {
        ActionRef = file.Ref,
        PackRef = pack.Ref,
        PackVersion = pack.Version,
        ReleaseDigest = digest,
        EntryPoint = file.EntryPoint ?? "",
        RuntimeRef = file.Runtime ?? "",
        Runtime = RuntimeJson.ToSpec(executionConfig),
        ParameterDelivery = DeliveryOf(file.ParameterDelivery),
        ParameterFormat = ParameterFormatOf(file.ParameterFormat),
        OutputFormat = OutputFormatOf(file.OutputFormat),
        SecretParameters = { file.Parameters.Schema.SecretPaths },
    };

    public static Wire.Action ToWire(this ActionRow row)
    {
        var action = new Wire.Action
        {
            Id = row.Id,
            Ref = row.Ref,
            PackRef = row.PackRef,
            Label = row.Label,
            Description = row.Description,
            Enabled = row.Enabled,
            IsAdhoc = row.IsAdhoc,
            IsWorkflow = row.IsWorkflow,
            RuntimeRef = row.RuntimeRef ?? "",
            RuntimeVersion = row.RuntimeVersion ?? "",
            EntryPoint = row.Entrypoint,
            Parameters = JsonStruct.ToStruct(row.ParamSchema ?? "{}"),
            Output = JsonStruct.ToStruct(row.OutSchema ?? "{}"),
            ParameterDelivery = DeliveryOf(row.ParameterDelivery),
            ParameterFormat = ParameterFormatOf(row.ParameterFormat),
            OutputFormat = OutputFormatOf(row.OutputFormat),
            TimeoutSeconds = row.TimeoutSeconds ?? 0,
            Delivery = row.Delivery,
            PermissionSets = { row.PermissionSets },
            Tags = { row.Tags },
            Created = row.Created.ToTimestamp(),
            Updated = row.Updated.ToTimestamp(),
        };
        action.WorkerLabels.Add(LabelsOf(row.WorkerLabels));
        if (row.Retry is not null)
        {
            var retry = RetryOf(row.Retry);
            action.Retry = new()
            {
                MaxAttempts = retry.MaxAttempts,
                DelaySeconds = retry.Delay.TotalSeconds,
                Backoff = retry.Backoff,
                MaxDelaySeconds = retry.MaxDelay.TotalSeconds,
                On = { retry.On },
            };
        }

        return action;
    }

    /// <summary>A stored schema, which was checked when it was written.</summary>
    public static Schema SchemaOf(string? json)
    {
        if (json is null or "{}")
            return Schema.Empty;

        using var document = JsonDocument.Parse(json);
        var reading = Schema.Parse(document.RootElement);
        return reading.IsValid
            ? reading.Schema
            : throw new InvalidDataException($"A stored schema is broken: {string.Join("; ", reading.Problems)}");
    }

    static ActionRetryPolicy RetryOf(string? json)
    {
        if (json is null)
            return new() { MaxAttempts = 1, Delay = TimeSpan.Zero, Backoff = "constant", MaxDelay = TimeSpan.Zero, On = [] };

        using var document = JsonDocument.Parse(json);
        var retry = document.RootElement;
        return new()
        {
            MaxAttempts = retry.GetProperty("max_attempts").GetInt32(),
            Delay = TimeSpan.FromSeconds(retry.GetProperty("delay_seconds").GetDouble()),
            Backoff = retry.GetProperty("backoff").GetString()!,
            MaxDelay = TimeSpan.FromSeconds(retry.GetProperty("max_delay_seconds").GetDouble()),
            On = [.. retry.GetProperty("on").EnumerateArray().Select(each => each.GetString()!)],
        };
    }

    static Dictionary<string, string> LabelsOf(string json)
    {
        using var document = JsonDocument.Parse(json);
        return document.RootElement.EnumerateObject().ToDictionary(label => label.Name, label => label.Value.GetString() ?? "");
    }

    static Wire.ParameterDelivery DeliveryOf(string text) => text switch
    {
        "stdin" => Wire.ParameterDelivery.Stdin,
        "file" => Wire.ParameterDelivery.File,
        _ => throw new ArgumentOutOfRangeException(nameof(text), text, null),
    };

    static Wire.ParameterFormat ParameterFormatOf(string text) => text switch
    {
        "json" => Wire.ParameterFormat.Json,
        "yaml" => Wire.ParameterFormat.Yaml,
        "dotenv" => Wire.ParameterFormat.Dotenv,
        _ => throw new ArgumentOutOfRangeException(nameof(text), text, null),
    };

    static Wire.OutputFormat OutputFormatOf(string text) => text switch
    {
        "text" => Wire.OutputFormat.Text,
        "json" => Wire.OutputFormat.Json,
        "yaml" => Wire.OutputFormat.Yaml,
        "jsonl" => Wire.OutputFormat.Jsonl,
        _ => throw new ArgumentOutOfRangeException(nameof(text), text, null),
    };
}
