using System.CommandLine;
using Attune.Cli.Output;
using Attune.Cli.Parameters;
using Attune.V1;

namespace Attune.Cli.Commands.Agents;

static class CreateJoinToken
{
    static readonly Option<string> role = new Option<string>("--role")
    {
        Description = "action, sensor or hybrid",
        HelpName = "ROLE",
        DefaultValueFactory = _ => "action",
    }.AcceptOnlyFromAmong("action", "sensor", "hybrid");

    static readonly Option<string[]> labels = new("--label", "-l") { Description = "The agent gets it whatever it says; may repeat", HelpName = "k=v" };
    static readonly Option<string?> ttl = new("--ttl") { Description = "How long it can be used (default 1h)", HelpName = "SPAN" };

    public static Command Command()
        => new Command("create", "Make a join token; it is shown this once").With(role, labels, ttl).Does(RunAsync);

    static async Task RunAsync(Invocation run, CancellationToken ct)
    {
        var request = new CreateJoinTokenRequest
        {
            Role = Enum.Parse<WorkerRole>(run.Get(role)!, ignoreCase: true),
            Ttl = Spans.Duration(run.Get(ttl), "--ttl"),
        };
        request.Labels.AddPairs(run.Get(labels), "--label");
        var answer = await run.Client.Workers.CreateJoinTokenAsync(request, cancellationToken: ct);
        run.Answer.Secret(
            answer,
            answer.Token,
            $"Lets one agent join, {Texts.Ago(answer.JoinToken.ExpiresAt, run.Clock)} at the latest; it is not shown again. In a file on the host:\n"
                + $"  attune-agent --server {run.Connection.Server} --join-token-file FILE --name NAME --role {run.Get(role)}");
    }
}
