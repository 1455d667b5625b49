using System.CommandLine;
using Attune.Cli.Completion;
using Attune.Cli.Output;
using Attune.Cli.Terminals;
using Attune.V1;

namespace Attune.Cli.Commands.Tokens;

static class ListTokens
{
    static readonly Suggested<string?> login = new("LOGIN", Suggestions.LoginsAsync)
    {
        Description = "Whose (default: yours)",
        Arity = ArgumentArity.ZeroOrOne,
    };

    public static Command Command() => new Command("list", "API tokens").With(login).Does(RunAsync);

    static async Task RunAsync(Invocation run, CancellationToken ct)
    {
        var answer = await run.Client.Identities.ListTokensAsync(new() { Login = run.Get<string?>(login) ?? "" }, cancellationToken: ct);
        run.Answer.List(
            answer.ApiTokens,
            "No API tokens.",
            new("ID", each => each.Id),
            new("NAME", each => each.Name),
            new("STATE", each => State(each, run.Clock)),
            new("EXPIRES", each => Texts.Ago(each.ExpiresAt, run.Clock)),
            new("LAST USED", each => Texts.Ago(each.LastUsedAt, run.Clock)),
            new("CREATED", each => Texts.Ago(each.Created, run.Clock)));
    }

    static Cell State(ApiToken token, TimeProvider clock) => token switch
    {
        { RevokedAt: not null } => new("revoked", Tone.Dim),
        _ when token.ExpiresAt?.ToDateTimeOffset() <= clock.GetUtcNow() => new("expired", Tone.Dim),
        _ => new("works", Tone.Good),
    };
}
