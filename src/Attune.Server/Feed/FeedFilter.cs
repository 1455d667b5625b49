using Attune.Server.Hosting;
using Attune.V1;
using Google.Protobuf.WellKnownTypes;

namespace Attune.Server.Feed;

/// <summary>What a watcher asked for, and of that what it may read.</summary>
sealed class FeedFilter
{
    const int ItemsMax = 1000;

    // Entity type, and the resource whose `read` it takes.
    static readonly IReadOnlyDictionary<string, string> Resources = new Dictionary<string, string>
    {
        ["event"] = "events",
        ["enforcement"] = "events",
        ["execution"] = "executions",
        ["inquiry"] = "inquiries",
        ["rule"] = "rules",
    };

    // Entity type, to the packs whose things may be read; null: all.
    readonly Dictionary<string, HashSet<string>?> readable = [];
    readonly HashSet<string> packs;
    readonly HashSet<string> refs;
    readonly HashSet<long> ids;
    readonly bool anyRef;

    FeedFilter(WatchRequest request, Caller caller)
    {
        foreach (var (type, resource) in Resources)
        {
            if (request.EntityTypes.Count == 0 || request.EntityTypes.Contains(type))
                readable[type] = Both(caller.PacksFor("feed", "read"), caller.PacksFor(resource, "read"));
        }

        anyRef = request.Refs.Count == 0;
        packs = [.. request.Refs.Where(IsPack).Select(each => each[..^2])];
        refs = [.. request.Refs.Where(each => !IsPack(each))];
        ids = [.. request.EntityIds];
    }

    public static Result<FeedFilter> Of(WatchRequest request, Caller caller)
    {
        var violations = new List<Violation>();
        for (var i = 0; i < request.EntityTypes.Count; i++)
        {
            if (!Resources.ContainsKey(request.EntityTypes[i]))
                violations.Add(new($"entity_types[{i}]", $"'{request.EntityTypes[i]}' is none of {string.Join(", ", Resources.Keys)}."));
        }

        for (var i = 0; i < request.Refs.Count; i++)
        {
            if (request.Refs[i].Split('.') is not [{ Length: > 0 }, { Length: > 0 }])
                violations.Add(new($"refs[{i}]", $"'{request.Refs[i]}' is neither a ref such as core.echo nor all of a pack such as core.*."));
        }

        for (var i = 0; i < request.EntityIds.Count; i++)
        {
            if (request.EntityIds[i] <= 0)
                violations.Add(new($"entity_ids[{i}]", $"{request.EntityIds[i]} is no id."));
        }

        if (request.Refs.Count > ItemsMax)
            violations.Add(new("refs", $"has {request.Refs.Count}; at most {ItemsMax} are allowed."));
        if (request.EntityIds.Count > ItemsMax)
            violations.Add(new("entity_ids", $"has {request.EntityIds.Count}; at most {ItemsMax} are allowed."));

        return violations.Count > 0 ? Failure.Invalid("FILTER_INVALID", violations) : new FeedFilter(request, caller);
    }

    /// <summary>Adds what passes.</summary>
    public void Select(FeedRow row, ICollection<Change> passed)
    {
        if (!readable.TryGetValue(row.EntityType, out var readablePacks))
            return;

        // Mostly all of a statement is about one ref.
        var common = row.Refs.Length == 1 ? Passes(row.Refs[0], readablePacks) : (bool?)null;
        if (common == false)
            return;

        var time = Timestamp.FromDateTimeOffset(row.Created);
        for (var i = 0; i < row.Ids.Length; i++)
        {
            if ((ids.Count > 0 && !ids.Contains(row.Ids[i])) || !(common ?? Passes(row.RefOf(i), readablePacks)))
                continue;

            passed.Add(new()
            {
                EntityType = row.EntityType,
                EntityId = row.Ids[i],
                Ref = row.RefOf(i),
                Activity = row.Activity,
                Status = row.Status ?? "",
                Time = time,
            });
        }
    }

    bool Passes(string reference, HashSet<string>? readablePacks)
    {
        var pack = reference[..Math.Max(reference.IndexOf('.', StringComparison.Ordinal), 0)];
        return (readablePacks is null || readablePacks.Contains(pack))
            && (anyRef || refs.Contains(reference) || packs.Contains(pack));
    }

    static bool IsPack(string reference) => reference.EndsWith(".*", StringComparison.Ordinal);

    static HashSet<string>? Both(IReadOnlyList<string>? one, IReadOnlyList<string>? other) => (one, other) switch
    {
        (null, null) => null,
        (null, _) => [.. other],
        (_, null) => [.. one],
        _ => [.. one.Intersect(other)],
    };
}
