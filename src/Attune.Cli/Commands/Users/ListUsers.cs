using System.CommandLine;
using Attune.Cli.Output;

namespace Attune.Cli.Commands.Users;

static class ListUsers
{
    public static Command Command() => new Command("list", "Users, by login").With(Paging.Options).Does(RunAsync);

    static async Task RunAsync(Invocation run, CancellationToken ct)
    {
        var users = await run.ListAsync(
            async (size, token) =>
            {
                var page = await run.Client.Identities.ListIdentitiesAsync(new() { PageSize = size, PageToken = token }, cancellationToken: ct);
                return (page.Identities, page.NextPageToken);
            },
            ct);
        run.Answer.List(
            users,
            "No users.",
            new("LOGIN", each => each.Login),
            new("NAME", each => each.DisplayName),
            new("PASSWORD", each => Texts.YesNo(each.HasPassword)),
            new("PERMISSION SETS", each => string.Join(", ", each.PermissionSets)),
            new("CREATED", each => Texts.Ago(each.Created, run.Clock)));
    }
}
