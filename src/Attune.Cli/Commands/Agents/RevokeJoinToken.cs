using System.CommandLine;

namespace Attune.Cli.Commands.Agents;

static class RevokeJoinToken
{
    static readonly Argument<long> id = new("ID") { Description = "Id of the token, from `attune agent token list`" };

    public static Command Command() => new Command("revoke", "Make a join token useless").With(id).Does(RunAsync);

    static async Task RunAsync(Invocation run, CancellationToken ct)
    {
        var answer = await run.Client.Workers.RevokeJoinTokenAsync(new() { JoinTokenId = run.Get(id) }, cancellationToken: ct);
        run.Answer.Done(answer.JoinToken, $"Join token {answer.JoinToken.Id} is revoked.");
    }
}
