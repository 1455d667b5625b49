using Attune.Engine.Versions;
using Attune.Engine.Workflows;
using Attune.Packs;
using Attune.Packs.Files;
using Attune.Server.Actions;
using Dapper;
using Npgsql;

namespace Attune.Server.Packs;

/// <summary>What a pack asks of the others that are installed, and what they and hand-made things ask of it. Problems, not exceptions.</summary>
static class PackSurroundings
{
    const string InstalledVersions = """
        select ref, version
        from pack
        where ref = any(@refs)
        """;

    /// <summary>Packs that are missing, or there in a version that will not do.</summary>
    public static async Task<IReadOnlyList<PackProblem>> CheckDependenciesAsync(
        NpgsqlConnection connection, PackManifest manifest, CancellationToken ct)
    {
        if (manifest.Dependencies.Count == 0)
            return [];

        var rows = await connection.QueryAsync<(string Ref, string Version)>(new CommandDefinition(
            InstalledVersions, new { refs = manifest.Dependencies.Keys.ToArray() }, cancellationToken: ct));
        var installed = rows.ToDictionary(row => row.Ref, row => row.Version);
        var problems = new List<PackProblem>();
        foreach (var (pack, wanted) in manifest.Dependencies)
        {
            if (!installed.TryGetValue(pack, out var version))
                problems.Add(Problem(pack, $"needs pack '{pack}' {wanted}, which is not installed."));
            else if (!VersionRange.TryParse(wanted, out var range, out _) || !SemVersion.TryParse(version, out var present) || !range.Contains(present))
                problems.Add(Problem(pack, $"needs pack '{pack}' {wanted}; installed is {version}."));
        }

        return problems;

        static PackProblem Problem(string pack, string message) => new(PackManifest.Path, 0, $"dependencies.{pack}", message);
    }

    const string Missing = """
        select kind, wanted.ref
        from unnest(@kinds, @refs) as wanted (kind, ref)
        where not case kind
            when 'runtime' then exists (select from runtime where runtime.ref = wanted.ref)
            when 'trigger' then exists (select from trigger where trigger.ref = wanted.ref)
            when 'action' then exists (select from action where action.ref = wanted.ref)
            when 'permission_set' then exists (select from permission_set where permission_set.ref = wanted.ref)
            when 'pack' then exists (select from pack where pack.ref = wanted.ref)
        end
        """;

    const string HandMade = """
        select 'action ' || ref from action where is_adhoc and ref = any(@refs)
        union all
        select 'trigger ' || ref from trigger where is_adhoc and ref = any(@refs)
        union all
        select 'sensor ' || ref from sensor where is_adhoc and ref = any(@refs)
        union all
        select 'rule ' || ref from rule where is_adhoc and ref = any(@refs)
        """;

    const string StillUsed = """
        select r.ref, used.ref
        from runtime r
        join (
            select ref, runtime, pack, is_adhoc from action
            union all
            select ref, runtime, pack, is_adhoc from sensor
        ) used on used.runtime = r.id
        where r.pack_ref = @pack
          and r.ref <> all(@kept)
          and (used.is_adhoc or used.pack is distinct from r.pack)
        """;

    /// <summary>References that lead nowhere, refs that something hand-made has already, and runtimes that vanish under others.</summary>
    public static async Task<IReadOnlyList<PackProblem>> CheckReferencesAsync(
        NpgsqlConnection connection, PackContent content, CancellationToken ct)
    {
        var problems = new List<PackProblem>();
        var needed = content.Elsewhere.Where(each => !each.MayBeMissing).ToList();
        var missing = (await connection.QueryAsync<(string Kind, string Ref)>(new CommandDefinition(
            Missing,
            new { kinds = needed.Select(each => each.Kind).ToArray(), refs = needed.Select(each => each.Ref).ToArray() },
            cancellationToken: ct))).ToHashSet();
        problems.AddRange(needed
            .Where(each => missing.Contains((each.Kind, each.Ref)))
            .Select(each => new PackProblem(
                each.File, each.Line, each.Field, $"There is no {each.Kind.Replace('_', ' ')} '{each.Ref}'; install the pack that has it first.")));

        var parts = content.PartNames.Select(part => part[(part.IndexOf(' ') + 1)..]).ToArray();
        var handMade = await connection.QueryAsync<string>(new CommandDefinition(HandMade, new { refs = parts }, cancellationToken: ct));
        problems.AddRange(handMade
            .Intersect(content.PartNames)
            .Select(part => new PackProblem(PackManifest.Path, 0, "", $"An ad-hoc {part} exists; delete it or name the pack's one differently.")));

        var used = await connection.QueryAsync<(string Runtime, string User)>(new CommandDefinition(
            StillUsed,
            new { pack = content.Manifest.Ref, kept = content.Runtimes.Select(runtime => runtime.Ref).ToArray() },
            cancellationToken: ct));
        problems.AddRange(used.Select(each => new PackProblem(
            PackManifest.Path, 0, "", $"The runtime '{each.Runtime}' would vanish, but '{each.User}' runs on it.")));
        await CheckUsesAsync(connection, content, problems, ct);
        return problems;
    }

    const string Shapes = """
        select 'trigger' as kind, ref, param_schema::text as parameters, out_schema::text as output, false as is_workflow
        from trigger
        where ref = any(@refs)
        union all
        select 'action', ref, param_schema::text, null, is_workflow
        from action
        where ref = any(@refs)
        """;

    sealed record Shape
    {
        public required string Kind { get; init; }
        public required string Ref { get; init; }
        public string? Parameters { get; init; }
        public string? Output { get; init; }
        public bool IsWorkflow { get; init; }
    }

    /// <summary>
    /// Rules and workflows against what they name in other packs, now that it can be looked at. What is not there is not held against them
    /// once more.
    /// </summary>
    static async Task CheckUsesAsync(NpgsqlConnection connection, PackContent content, List<PackProblem> problems, CancellationToken ct)
    {
        var refs = content.Elsewhere.Where(each => each.Kind is "trigger" or "action").Select(each => each.Ref).Distinct().ToArray();
        if (refs.Length == 0)
            return;

        var shapes = (await connection.QueryAsync<Shape>(new CommandDefinition(Shapes, new { refs }, cancellationToken: ct))).AsList();
        var parameters = content.Triggers.Select(trigger => (("trigger", trigger.Ref), trigger.Parameters.Schema))
            .Concat(content.Actions.Select(action => (("action", action.Ref), action.Parameters.Schema)))
            .ToDictionary();
        var outputs = content.Triggers.ToDictionary(trigger => trigger.Ref, trigger => trigger.Output.Schema);
        foreach (var shape in shapes)
        {
            parameters.TryAdd((shape.Kind, shape.Ref), ActionMapping.SchemaOf(shape.Parameters));
            if (shape.Kind is "trigger")
                outputs.TryAdd(shape.Ref, ActionMapping.SchemaOf(shape.Output));
        }

        problems.AddRange(content.Rules.SelectMany(rule => rule.Check(RuleSurroundings.Of(
            parameters.GetValueOrDefault(("trigger", rule.Trigger)),
            outputs.GetValueOrDefault(rule.Trigger),
            parameters.GetValueOrDefault(("action", rule.Action)),
            content.Manifest.ConfSchema.Schema))));
        problems.AddRange(content.CheckWorkflows(shapes
            .Where(shape => shape.Kind is "action")
            .Select(shape => new CalledAction(shape.Ref, parameters[("action", shape.Ref)], shape.IsWorkflow))));
    }

    const string Dependents = """
        select ref from pack where meta -> 'dependencies' ? @reference
        union
        select a.pack_ref from action a join runtime r on r.id = a.runtime where r.pack = @pack and a.pack <> @pack
        union
        select s.pack_ref from sensor s join runtime r on r.id = s.runtime where r.pack = @pack and s.pack <> @pack
        union
        select s.pack_ref from sensor s join trigger t on t.id = s.trigger where t.pack = @pack and s.pack <> @pack
        order by 1
        """;

    /// <summary>Packs that could not be without this one.</summary>
    public static async Task<IReadOnlyList<string>> ListDependentsAsync(
        NpgsqlConnection connection, long pack, string reference, CancellationToken ct)
        => (await connection.QueryAsync<string>(new CommandDefinition(Dependents, new { pack, reference }, cancellationToken: ct))).AsList();
}
