using System.CommandLine;

namespace Attune.Cli.Commands.Users;

static class ShowUser
{
    static readonly Argument<string> login = UserText.Login();

    public static Command Command() => new Command("show", "One user").With(login).Does(RunAsync);

    static async Task RunAsync(Invocation run, CancellationToken ct)
    {
        var answer = await run.Client.Identities.GetIdentityAsync(new() { Login = run.Get(login) }, cancellationToken: ct);
        UserText.Show(run, answer.Identity);
    }
}
