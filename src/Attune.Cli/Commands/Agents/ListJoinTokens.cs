using System.CommandLine;
using Attune.Cli.Output;
using Attune.Cli.Terminals;
using Attune.V1;

namespace Attune.Cli.Commands.Agents;

static class ListJoinTokens
{
    public static Command Command() => new Command("list", "Join tokens, newest first").With(Paging.Options).Does(RunAsync);

    static async Task RunAsync(Invocation run, CancellationToken ct)
    {
        var tokens = await run.ListAsync(
            async (size, token) =>
            {
                var page = await run.Client.Workers.ListJoinTokensAsync(new() { PageSize = size, PageToken = token }, cancellationToken: ct);
                return (page.JoinTokens, page.NextPageToken);
            },
            ct);
        run.Answer.List(
            tokens,
            "No join tokens.",
            new("ID", each => each.Id),
            new("STATE", each => State(each, run.Clock)),
            new("ROLE", each => Texts.Word(each.Role)),
            new("LABELS", each => Texts.Labels(each.Labels)),
            new("EXPIRES", each => Texts.Ago(each.ExpiresAt, run.Clock)),
            new("USED BY", each => each.WorkerName),
            new("CREATED BY", each => each.CreatedByLogin));
    }

    static Cell State(JoinToken token, TimeProvider clock) => token switch
    {
        { RevokedAt: not null } => new("revoked", Tone.Dim),
        { UsedAt: not null } => new("used", Tone.Dim),
        _ when token.ExpiresAt?.ToDateTimeOffset() <= clock.GetUtcNow() => new("expired", Tone.Dim),
        _ => new("open", Tone.Good),
    };
}
