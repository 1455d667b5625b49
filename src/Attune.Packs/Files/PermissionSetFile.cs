using System.Text.RegularExpressions;

namespace Attune.Packs.Files;

/// <summary>`permission_sets/*.yaml`: what a caller who holds it may do.</summary>
public sealed partial record PermissionSetFile
{
    public required string File { get; init; }
    public required string Ref { get; init; }
    public required string Label { get; init; }
    public required string Description { get; init; }

    /// <summary>JSON: [{resource, actions, constraints: {packs}}].</summary>
    public required string Grants { get; init; }

    internal static PermissionSetFile Read(FieldReader fields, PackLayout layout)
    {
        var reference = layout.OwnRef(fields);
        if (!fields.Has("grants"))
            fields.Missing("grants");
        foreach (var grant in fields.Maps("grants"))
            ReadGrant(grant);

        var set = new PermissionSetFile
        {
            File = fields.File,
            Ref = reference,
            Label = fields.Text("label") ?? reference,
            Description = fields.Text("description") ?? "",
            Grants = fields.Json("grants", mayBeList: true) ?? "[]",
        };
        fields.Done();
        return set;
    }

    static void ReadGrant(FieldReader grant)
    {
        var resource = grant.Required("resource");
        if (resource is not "" && !Word().IsMatch(resource))
            grant.Report("resource", "must be `*` or a name such as `executions`.");
        if (!grant.Has("actions"))
            grant.Missing("actions");
        else if (grant.Texts("actions", text => Word().IsMatch(text) ? null : "must be `*` or a name such as `read`.").Count == 0)
            grant.Report("actions", "must name at least one action, or `*`.");

        if (grant.Map("constraints") is { } constraints)
        {
            // An unknown or empty constraint must not be taken for none: it would grant more than its author meant.
            var packs = constraints.Texts("packs", text => PackNames.IsPack(text) ? null : $"'{text}' is no pack ref.");
            if (packs.Count == 0)
                constraints.Report("packs", "must name at least one pack; leave `constraints` out to grant it everywhere.");
            constraints.Done();
        }

        grant.Done();
    }

    [GeneratedRegex(@"^(\*|[a-z][a-z_]*)\z", RegexOptions.CultureInvariant)]
    private static partial Regex Word();
}
