using Grpc.Core;

namespace Attune.Server.Hosting;

/// <summary>What a permission set grants: actions on a resource, `*` for all, optionally only inside some packs.</summary>
public sealed record AccessGrant(string Resource, IReadOnlyList<string> Actions, IReadOnlyList<string> Packs);

/// <summary>Who makes a call. The permission interceptor puts it on every call before the handler runs.</summary>
public sealed record Caller
{
    /// <summary>0 for an anonymous caller and for an agent.</summary>
    public required long IdentityId { get; init; }
    public required string Login { get; init; }
    public required IReadOnlyList<AccessGrant> Grants { get; init; }

    /// <summary>The agent's name, from its certificate; null for people.</summary>
    public string? WorkerName { get; init; }

    /// <summary>Of the agent's certificate.</summary>
    public DateTimeOffset? CertificateExpiresAt { get; init; }

    /// <summary>The execution whose token this is; null for an ordinary login.</summary>
    public long? ExecutionId { get; init; }

    public static Caller Anonymous { get; } = new() { IdentityId = 0, Login = "", Grants = [] };

    /// <summary>Null means every pack; an empty list means none.</summary>
    public IReadOnlyList<string>? PacksFor(string resource, string action)
    {
        var packs = new List<string>();
        foreach (var grant in Grants)
        {
            if (grant.Resource is not "*" && grant.Resource != resource)
                continue;
            if (!grant.Actions.Contains("*") && !grant.Actions.Contains(action))
                continue;
            if (grant.Packs.Count == 0)
                return null;
            packs.AddRange(grant.Packs);
        }

        return packs;
    }

    public bool May(string resource, string action) => PacksFor(resource, action) is not { Count: 0 };

    public bool May(string resource, string action, string packRef)
        => PacksFor(resource, action) is not { } packs || packs.Contains(packRef);

    /// <summary>Whether whatever the grant allows is allowed to this caller too.</summary>
    public bool Holds(AccessGrant grant) => grant.Actions.All(action => PacksFor(grant.Resource, action) switch
    {
        null => true,
        var packs => grant.Packs.Count > 0 && grant.Packs.All(packs.Contains),
    });

    /// <summary>Throws PERMISSION_DENIED, naming the permission, unless the caller may do this to what belongs to the pack.</summary>
    public void Demand(string resource, string action, string packRef)
    {
        if (!May(resource, action, packRef))
            throw Denied(resource, action, $"in pack '{packRef}'").ToRpcException();
    }

    public static Failure Denied(string resource, string action, string where)
        => new(FailureKind.Denied, "PERMISSION_DENIED", $"You lack the permission '{resource}: {action}' {where}".TrimEnd() + ".")
        {
            Metadata = new Dictionary<string, string> { ["permission"] = $"{resource}:{action}" },
        };
}

static class CallerOnContext
{
    // A feature of the call costs no allocation, unlike an entry of ServerCallContext.UserState.
    public static Caller GetCaller(this ServerCallContext context)
        => context.GetHttpContext().Features.Get<Caller>() ?? Caller.Anonymous;

    public static void SetCaller(this ServerCallContext context, Caller caller) => context.GetHttpContext().Features.Set(caller);
}
