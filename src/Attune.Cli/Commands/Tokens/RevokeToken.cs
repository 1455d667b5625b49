using System.CommandLine;

namespace Attune.Cli.Commands.Tokens;

static class RevokeToken
{
    static readonly Argument<long> id = new("ID") { Description = "Id of the token, from `attune token list`" };

    public static Command Command() => new Command("revoke", "End an API token").With(id).Does(RunAsync);

    static async Task RunAsync(Invocation run, CancellationToken ct)
    {
        var answer = await run.Client.Identities.RevokeTokenAsync(new() { TokenId = run.Get(id) }, cancellationToken: ct);
        run.Answer.Done(answer.ApiToken, $"API token {answer.ApiToken.Id} ({answer.ApiToken.Name}) is revoked.");
    }
}
