using System.CommandLine;

namespace Attune.Cli.Commands.Sessions;

static class Logout
{
    public static Command Command() => new Command("logout", "Forget the login that is kept here").Does(RunAsync);

    static async Task RunAsync(Invocation run, CancellationToken ct)
    {
        var name = run.Connection.ProfileName;
        await run.Configuration.UpdateAsync(
            (profiles, _) => Task.FromResult(profiles.ByName.GetValueOrDefault(name) is { } profile
                ? profiles with { ByName = new(profiles.ByName) { [name] = profile.With(tokens: null) with { Token = null } } }
                : profiles),
            run.Clock,
            ct);
        run.Answer.Note($"Logged out of profile {name}.");
    }
}
