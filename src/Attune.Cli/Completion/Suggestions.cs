using System.CommandLine;
using System.Globalization;
using Attune.Cli.Parameters;
using Attune.Protos.Client;

namespace Attune.Cli.Completion;

/// <summary>Asks the server for the words that may stand here, after those that stand before.</summary>
delegate Task<IEnumerable<string>> Suggest(AttuneClient client, IReadOnlyList<string> before, CancellationToken ct);

/// <summary>An argument whose values a shell can complete.</summary>
sealed class Suggested<T>(string name, Suggest suggest) : Argument<T>(name)
{
    public Suggest Suggest => suggest;
}

static class Suggestions
{
    const int PageSize = 200;

    public static async Task<IEnumerable<string>> ActionRefsAsync(AttuneClient client, IReadOnlyList<string> before, CancellationToken ct)
        => (await client.Actions.ListActionsAsync(new() { PageSize = PageSize }, cancellationToken: ct)).Actions.Select(each => each.Ref);

    /// <summary>`name=` for every parameter of the action that stands first.</summary>
    public static async Task<IEnumerable<string>> ParametersAsync(AttuneClient client, IReadOnlyList<string> before, CancellationToken ct)
        => ParameterField.Read((await client.Actions.GetActionAsync(new() { Ref = before[0] }, cancellationToken: ct)).Action.Parameters)
            .Select(field => $"{field.Key}=");

    public static async Task<IEnumerable<string>> RerunParametersAsync(
        AttuneClient client, IReadOnlyList<string> before, CancellationToken ct)
    {
        var id = long.Parse(before[0], CultureInfo.InvariantCulture);
        var answer = await client.Executions.GetExecutionAsync(new() { ExecutionId = id }, cancellationToken: ct);
        return await ParametersAsync(client, [answer.Execution.ActionRef], ct);
    }

    public static async Task<IEnumerable<string>> ExecutionIdsAsync(AttuneClient client, IReadOnlyList<string> before, CancellationToken ct)
        => (await client.Executions.ListExecutionsAsync(new() { PageSize = 20 }, cancellationToken: ct))
            .Executions.Select(each => each.Id.ToString(CultureInfo.InvariantCulture));

    public static async Task<IEnumerable<string>> PackRefsAsync(AttuneClient client, IReadOnlyList<string> before, CancellationToken ct)
        => (await client.Packs.ListPacksAsync(new() { PageSize = PageSize }, cancellationToken: ct)).Packs.Select(each => each.Ref);

    public static async Task<IEnumerable<string>> RuntimeRefsAsync(AttuneClient client, IReadOnlyList<string> before, CancellationToken ct)
        => (await client.Runtimes.ListRuntimesAsync(new() { PageSize = PageSize }, cancellationToken: ct)).Runtimes.Select(each => each.Ref);

    public static async Task<IEnumerable<string>> WorkerNamesAsync(AttuneClient client, IReadOnlyList<string> before, CancellationToken ct)
        => (await client.Workers.ListWorkersAsync(new() { PageSize = PageSize }, cancellationToken: ct)).Workers.Select(each => each.Name);

    public static async Task<IEnumerable<string>> TriggerRefsAsync(AttuneClient client, IReadOnlyList<string> before, CancellationToken ct)
        => (await client.Triggers.ListTriggersAsync(new() { PageSize = PageSize }, cancellationToken: ct)).Triggers.Select(each => each.Ref);

    /// <summary>`name=` for every field that an event of the trigger that stands first carries.</summary>
    public static async Task<IEnumerable<string>> PayloadAsync(AttuneClient client, IReadOnlyList<string> before, CancellationToken ct)
        => ParameterField.Read((await client.Triggers.GetTriggerAsync(new() { Ref = before[0] }, cancellationToken: ct)).Trigger.Output)
            .Select(field => $"{field.Key}=");

    public static async Task<IEnumerable<string>> RuleRefsAsync(AttuneClient client, IReadOnlyList<string> before, CancellationToken ct)
        => (await client.Rules.ListRulesAsync(new() { PageSize = PageSize }, cancellationToken: ct)).Rules.Select(each => each.Ref);

    public static async Task<IEnumerable<string>> SensorRefsAsync(AttuneClient client, IReadOnlyList<string> before, CancellationToken ct)
        => (await client.Sensors.ListSensorsAsync(new() { PageSize = PageSize }, cancellationToken: ct)).Sensors.Select(each => each.Ref);

    public static async Task<IEnumerable<string>> EventIdsAsync(AttuneClient client, IReadOnlyList<string> before, CancellationToken ct)
        => (await client.Events.ListEventsAsync(new() { PageSize = 20 }, cancellationToken: ct))
            .Events.Select(each => each.Id.ToString(CultureInfo.InvariantCulture));

    public static async Task<IEnumerable<string>> EnforcementIdsAsync(
        AttuneClient client, IReadOnlyList<string> before, CancellationToken ct)
        => (await client.Events.ListEnforcementsAsync(new() { PageSize = 20 }, cancellationToken: ct))
            .Enforcements.Select(each => each.Id.ToString(CultureInfo.InvariantCulture));

    public static async Task<IEnumerable<string>> InquiryIdsAsync(AttuneClient client, IReadOnlyList<string> before, CancellationToken ct)
        => (await client.Inquiries.ListInquiriesAsync(new() { PageSize = 20 }, cancellationToken: ct))
            .Inquiries.Select(each => each.Id.ToString(CultureInfo.InvariantCulture));

    /// <summary>`name=` for every field of the answer to the inquiry that stands first.</summary>
    public static async Task<IEnumerable<string>> ResponseAsync(AttuneClient client, IReadOnlyList<string> before, CancellationToken ct)
    {
        var id = long.Parse(before[0], CultureInfo.InvariantCulture);
        var answer = await client.Inquiries.GetInquiryAsync(new() { InquiryId = id }, cancellationToken: ct);
        return ParameterField.Read(answer.Inquiry.ResponseSchema).Select(field => $"{field.Key}=");
    }

    public static async Task<IEnumerable<string>> LoginsAsync(AttuneClient client, IReadOnlyList<string> before, CancellationToken ct)
        => (await client.Identities.ListIdentitiesAsync(new() { PageSize = PageSize }, cancellationToken: ct))
            .Identities.Select(each => each.Login);

    public static async Task<IEnumerable<string>> PermissionSetsAsync(AttuneClient client, IReadOnlyList<string> before, CancellationToken ct)
        => (await client.Identities.ListPermissionSetsAsync(new() { PageSize = PageSize }, cancellationToken: ct))
            .PermissionSets.Select(each => each.Ref);
}
