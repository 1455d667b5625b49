namespace Attune.Packs.Files;

/// <summary>`policies/*.yaml`: how much of something may happen at once, or in a time.</summary>
public sealed record PolicyFile
{
    public required string File { get; init; }
    public required string Ref { get; init; }
    public required string Name { get; init; }
    public required string Description { get; init; }

    /// <summary>The scope; with neither a pack nor an action it is everything.</summary>
    public string? Pack { get; init; }
    public string? Action { get; init; }

    /// <summary>Names of the parameters whose values form the key.</summary>
    public required IReadOnlyList<string> Parameters { get; init; }
    public int? ConcurrencyLimit { get; init; }

    /// <summary>enqueue or cancel.</summary>
    public string? ConcurrencyMethod { get; init; }
    public int? RateLimit { get; init; }
    public int? RateWindowSeconds { get; init; }
    public string? RateMethod { get; init; }
    public required bool Enabled { get; init; }
    public required int Priority { get; init; }
    public required IReadOnlyList<string> Tags { get; init; }

    internal static PolicyFile Read(FieldReader fields, PackLayout layout)
    {
        var reference = layout.OwnRef(fields);
        var concurrency = fields.Map("concurrency");
        var rate = fields.Map("rate");
        var policy = new PolicyFile
        {
            File = fields.File,
            Ref = reference,
            Name = fields.Text("name") ?? reference,
            Description = fields.Text("description") ?? "",
            Pack = fields.Text("pack"),
            Action = fields.Ref("action"),
            Parameters = fields.Texts("parameters"),
            ConcurrencyLimit = Limit(concurrency, "limit"),
            ConcurrencyMethod = concurrency?.Choice("method", "enqueue", "enqueue", "cancel"),
            RateLimit = Limit(rate, "limit"),
            RateWindowSeconds = Limit(rate, "window_seconds"),
            RateMethod = rate?.Choice("method", "enqueue", "enqueue", "cancel"),
            Enabled = fields.Flag("enabled", true),
            Priority = fields.Whole("priority", 0, 1000) ?? 0,
            Tags = fields.Texts("tags"),
        };
        concurrency?.Done();
        rate?.Done();
        if (policy is { Pack: not null, Action: not null })
            fields.Report("pack", "and `action` are two scopes; keep one.");
        if (policy.Pack is { } pack && !PackNames.IsPack(pack))
            fields.Report("pack", $"'{pack}' is no pack ref.");
        if (!fields.Has("concurrency") && !fields.Has("rate"))
            fields.Missing("concurrency");
        fields.Done();
        return policy;
    }

    static int? Limit(FieldReader? fields, string name)
    {
        if (fields is not null && !fields.Has(name))
            fields.Missing(name);
        return fields?.Whole(name, 1, int.MaxValue);
    }
}
