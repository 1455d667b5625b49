using System.CommandLine;

namespace Attune.Cli.Commands.Sessions;

static class WhoAmI
{
    public static Command Command() => new Command("whoami", "Who you are to the server, and what you may do").Does(RunAsync);

    static async Task RunAsync(Invocation run, CancellationToken ct)
    {
        var answer = await run.Client.Identities.GetCurrentIdentityAsync(new(), cancellationToken: ct);
        run.Answer.Show(
            answer,
            new("Login", answer.Identity.Login),
            new("Name", answer.Identity.DisplayName),
            new("Server", run.Connection.Server),
            new("Profile", run.Connection.ProfileName),
            new("Permission sets", string.Join(", ", answer.Identity.PermissionSets)),
            new("Grants", string.Join('\n', answer.Grants.Select(GrantText.Of))));
    }
}
