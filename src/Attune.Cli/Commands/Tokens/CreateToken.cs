using System.CommandLine;
using Attune.Cli.Output;
using Attune.Cli.Parameters;

namespace Attune.Cli.Commands.Tokens;

static class CreateToken
{
    static readonly Argument<string> name = new("NAME") { Description = "What it is for" };
    static readonly Option<string?> ttl = new("--ttl") { Description = "How long it works (default 90d)", HelpName = "SPAN" };

    public static Command Command()
        => new Command("create", "Make an API token for yourself; it is shown this once").With(name, ttl).Does(RunAsync);

    static async Task RunAsync(Invocation run, CancellationToken ct)
    {
        var answer = await run.Client.Identities.CreateTokenAsync(
            new() { Name = run.Get(name), Ttl = Spans.Duration(run.Get(ttl), "--ttl") }, cancellationToken: ct);
        run.Answer.Secret(
            answer,
            answer.Token,
            $"Works until {Texts.Moment(answer.ApiToken.ExpiresAt, run.Clock)}; it is not shown again. Programs take it as ATTUNE_TOKEN.");
    }
}
