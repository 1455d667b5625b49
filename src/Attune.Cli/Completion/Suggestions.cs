using System.CommandLine;
using Attune.Client;

namespace Attune.Cli.Completion;

/// <summary>Asks the server for the words that may stand here.</summary>
delegate Task<IEnumerable<string>> Suggest(AttuneClient client, CancellationToken ct);

/// <summary>An argument whose values a shell can complete.</summary>
sealed class Suggested<T>(string name, Suggest suggest) : Argument<T>(name)
{
    public Suggest Suggest => suggest;
}

static class Suggestions
{
    const int PageSize = 200;

    public static async Task<IEnumerable<string>> ActionRefsAsync(AttuneClient client, CancellationToken ct)
        => (await client.Actions.ListActionsAsync(new() { PageSize = PageSize }, cancellationToken: ct)).Actions.Select(each => each.Ref);

    public static async Task<IEnumerable<string>> ExecutionIdsAsync(AttuneClient client, CancellationToken ct)
        => (await client.Executions.ListExecutionsAsync(new() { PageSize = 20 }, cancellationToken: ct))
            .Executions.Select(each => each.Id.ToString(System.Globalization.CultureInfo.InvariantCulture));

    public static async Task<IEnumerable<string>> PackRefsAsync(AttuneClient client, CancellationToken ct)
        => (await client.Packs.ListPacksAsync(new() { PageSize = PageSize }, cancellationToken: ct)).Packs.Select(each => each.Ref);

    public static async Task<IEnumerable<string>> RuntimeRefsAsync(AttuneClient client, CancellationToken ct)
        => (await client.Runtimes.ListRuntimesAsync(new() { PageSize = PageSize }, cancellationToken: ct)).Runtimes.Select(each => each.Ref);

    public static async Task<IEnumerable<string>> WorkerNamesAsync(AttuneClient client, CancellationToken ct)
        => (await client.Workers.ListWorkersAsync(new() { PageSize = PageSize }, cancellationToken: ct)).Workers.Select(each => each.Name);

    public static async Task<IEnumerable<string>> LoginsAsync(AttuneClient client, CancellationToken ct)
        => (await client.Identities.ListIdentitiesAsync(new() { PageSize = PageSize }, cancellationToken: ct))
            .Identities.Select(each => each.Login);

    public static async Task<IEnumerable<string>> PermissionSetsAsync(AttuneClient client, CancellationToken ct)
        => (await client.Identities.ListPermissionSetsAsync(new() { PageSize = PageSize }, cancellationToken: ct))
            .PermissionSets.Select(each => each.Ref);
}
