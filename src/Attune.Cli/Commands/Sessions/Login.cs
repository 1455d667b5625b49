using System.CommandLine;
using Attune.Cli.Configuration;
using Attune.Protos.Client;
using Attune.V1;

namespace Attune.Cli.Commands.Sessions;

static class Login
{
    static readonly Option<string?> login = new("--login") { Description = "Who to log in as", HelpName = "NAME" };
    static readonly Option<bool> passwordStdin = new("--password-stdin") { Description = "Read the password from stdin" };
    static readonly Option<string?> caFile = new("--ca-file")
    {
        Description = "PEM file of the authority that vouches for the server",
        HelpName = "FILE",
    };

    public static Command Command()
        => new Command("login", "Log in to a control plane and keep the login").With(login, passwordStdin, caFile).Does(RunAsync);

    static async Task RunAsync(Invocation run, CancellationToken ct)
    {
        var connection = run.Connection with
        {
            CaFile = run.Get(caFile) is { } file ? Path.GetFullPath(file) : run.Connection.CaFile,
        };
        var name = run.Get(login) ?? AskLogin(run, connection);
        var password = run.Prompt.Password($"Password of {name} at {connection.Server}", run.Get(passwordStdin));

        using var client = Invocation.Connect(connection, credentials: null);
        var answer = await client.LoginAsync(name, password, ct);
        await run.Configuration.UpdateAsync((profiles, _) => Task.FromResult(Keep(profiles, connection, answer)), run.Clock, ct);
        run.Answer.Done(
            answer.Identity, $"Logged in to {connection.Server} as {answer.Identity.Login} (profile {connection.ProfileName}).");
    }

    static string AskLogin(Invocation run, Connection connection)
    {
        if (connection is { ProfileApplies: true, Profile.Login: { Length: > 0 } known })
            return known;
        if (!run.Terminal.InIsTerminal)
            throw new CommandFailure("Nobody is named to log in as.", "Add --login NAME.");
        return run.Prompt.Line("Login");
    }

    static Profiles Keep(Profiles profiles, Connection connection, LoginResponse answer)
    {
        var profile = profiles.ByName.GetValueOrDefault(connection.ProfileName) ?? new();
        return profiles with
        {
            Current = connection.ProfileName,
            ByName = new(profiles.ByName)
            {
                [connection.ProfileName] = profile.With(LoginTokens.Of(answer)) with
                {
                    Server = connection.Server,
                    CaFile = connection.CaFile,
                    Login = answer.Identity.Login,
                    // An API token goes before a login; kept, it would hide the one just made.
                    Token = null,
                },
            },
        };
    }
}
