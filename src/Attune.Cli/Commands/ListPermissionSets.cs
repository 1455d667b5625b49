using System.CommandLine;

namespace Attune.Cli.Commands;

static class ListPermissionSets
{
    public static Command Command() => new Command("list", "What users can be granted, by ref").With(Paging.Options).Does(RunAsync);

    static async Task RunAsync(Invocation run, CancellationToken ct)
    {
        var sets = await run.ListAsync(
            async (size, token) =>
            {
                var page = await run.Client.Identities.ListPermissionSetsAsync(
                    new() { PageSize = size, PageToken = token }, cancellationToken: ct);
                return (page.PermissionSets, page.NextPageToken);
            },
            ct);
        run.Answer.List(
            sets,
            "No permission sets.",
            new("REF", each => each.Ref),
            new("LABEL", each => each.Label),
            new("GRANTS", each => string.Join("; ", each.Grants.Select(GrantText.Of))));
    }
}
