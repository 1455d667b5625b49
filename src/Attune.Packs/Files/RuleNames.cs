using Attune.Engine.Expressions;
using Attune.Engine.Schemas;

namespace Attune.Packs.Files;

/// <summary>The names that a rule's expressions may read. An event's id is not among them: a rule is asked before the event is stored.</summary>
public static class RuleNames
{
    static readonly string[] Roots = ["event", "rule", "pack"];
    static readonly string[] OfEvent = ["trigger", "payload", "created", "origin", "source", "key"];
    static readonly string[] OfRule = ["ref", "pack"];
    static readonly string[] OfPack = ["config"];

    internal static IEnumerable<string> Check(VariableUse use, RuleSurroundings around)
    {
        var path = use.Path;
        if (!Roots.Contains(path[0]))
            return [$"There is no '{path[0]}' here.{NearestName.Suggest(path[0], Roots)}"];
        if (path.Count == 1)
            return [];

        var members = path[0] switch { "event" => OfEvent, "rule" => OfRule, _ => OfPack };
        if (path is ["event", "id", ..])
            return ["'event.id' is not known before the event is stored. Use 'event.key' or a part of the payload."];
        if (!members.Contains(path[1]))
            return [$"There is no '{path[0]}.{path[1]}'.{NearestName.Suggest(path[1], members)}"];

        return (path[0], path[1]) switch
        {
            ("event", "payload") => Unknown(use, around.Payload),
            ("pack", "config") => Unknown(use, around.PackConfig),
            _ => [],
        };
    }

    /// <summary>
    /// Where a template would put a secret of the payload or of the pack's configuration into a parameter that everybody sees; null where
    /// nowhere. Schemas change after a rule was saved.
    /// </summary>
    public static string? FindExposed(Template parameters, Schema payload, Schema packConfig, Schema actionParameters)
    {
        if (!payload.HasSecrets && !packConfig.HasSecrets)
            return null;

        var around = RuleSurroundings.Of(null, payload, actionParameters, packConfig);
        return parameters.Reads
            .SelectMany(read => CheckSecrecy(read.Use, read.Path, around).Select(problem => $"{read.Path}: {problem}"))
            .FirstOrDefault();
    }

    /// <summary>A secret may only go where it stays one: what an ordinary parameter holds is shown to everybody.</summary>
    internal static IEnumerable<string> CheckSecrecy(VariableUse use, string parameterPath, RuleSurroundings around)
    {
        var secrets = use.Path switch
        {
            ["event"] or ["event", "payload", ..] => around.Payload?.SecretPaths,
            ["pack"] or ["pack", "config", ..] => around.PackConfig?.SecretPaths,
            _ => null,
        };
        if (secrets is null or [] || around.ActionParameters is not { } parameters)
            return [];

        var read = string.Join('.', use.Path.Skip(2));
        if (secrets.FirstOrDefault(secret => Overlap(secret, read)) is not { } exposed
            || parameters.SecretPaths.Any(secret => IsWithin(parameterPath, secret)))
        {
            return [];
        }

        return [$"'{string.Join('.', use.Path)}' holds the secret '{exposed}', and this parameter is shown to everybody. Give it to a secret parameter."];
    }

    // The schema itself says what it knows: a value with nothing but the path in it has no other mistake than an unknown name.
    static IEnumerable<string> Unknown(VariableUse use, Schema? schema)
    {
        if (schema is null || use.Path.Count < 3 || use.IsOptional)
            return [];

        var probe = Json.Written(writer =>
        {
            writer.WriteStartObject();
            foreach (var name in use.Path.Skip(2).SkipLast(1))
                writer.WriteStartObject(name);
            writer.WriteNull(use.Path[^1]);
            for (var depth = 2; depth < use.Path.Count; depth++)
                writer.WriteEndObject();
        });
        return schema.CheckGiven(probe)
            .Where(problem => problem.Message.StartsWith("is not known", StringComparison.Ordinal))
            .Select(problem => $"'{use.Path[0]}.{use.Path[1]}.{problem.Path}' {problem.Message}");
    }

    static bool Overlap(string secret, string read) => read is "" || IsWithin(read, secret) || IsWithin(secret, read);

    static bool IsWithin(string path, string outer)
        => path.StartsWith(outer, StringComparison.Ordinal) && (path.Length == outer.Length || path[outer.Length] is '.' or '[');
}
