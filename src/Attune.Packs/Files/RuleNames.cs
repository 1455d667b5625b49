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
        var source = use.Path switch
        {
            ["event"] or ["event", "payload", ..] => around.Payload,
            ["pack"] or ["pack", "config", ..] => around.PackConfig,
            _ => null,
        };
        if (source is null || around.ActionParameters is not { } parameters)
            return [];

        if (source.FindSecret(string.Join('.', use.Path.Skip(2))) is not { } exposed || parameters.IsSecret(parameterPath))
            return [];

        return [$"'{string.Join('.', use.Path)}' holds the secret '{exposed}', and this parameter is shown to everybody. Give it to a secret parameter."];
    }

    static IEnumerable<string> Unknown(VariableUse use, Schema? schema)
        => !use.IsOptional && schema?.FindUnknown(use.Path.Skip(2)) is { } problem
            ? [$"'{use.Path[0]}.{use.Path[1]}.{problem.Path}' {problem.Message}"]
            : [];
}
