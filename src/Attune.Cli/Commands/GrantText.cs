using Attune.V1;

namespace Attune.Cli.Commands;

static class GrantText
{
    /// <summary>`executions: start, read (packs ops, core)`.</summary>
    public static string Of(Grant grant)
    {
        var actions = $"{grant.Resource}: {string.Join(", ", grant.Actions)}";
        return grant.Packs.Count is 0 ? actions : $"{actions} (packs {string.Join(", ", grant.Packs)})";
    }
}
