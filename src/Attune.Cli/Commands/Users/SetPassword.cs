using System.CommandLine;
using Attune.Cli.Completion;

namespace Attune.Cli.Commands.Users;

static class SetPassword
{
    static readonly Suggested<string?> login = new("LOGIN", Suggestions.LoginsAsync)
    {
        Description = "Whose (default: yours)",
        Arity = ArgumentArity.ZeroOrOne,
    };

    static readonly Option<bool> passwordStdin = new("--password-stdin")
    {
        Description = "Read from stdin: the new password; for your own the present one on the line before",
    };

    public static Command Command() => new Command("password", "Set a password").With(login, passwordStdin).Does(RunAsync);

    static async Task RunAsync(Invocation run, CancellationToken ct)
    {
        var who = run.Get<string?>(login) ?? "";
        var stdin = run.Get(passwordStdin);
        var current = who is "" ? run.Prompt.Password("Present password", stdin) : "";
        var fresh = run.Prompt.NewPassword(who is "" ? "New password" : $"New password for {who}", stdin);
        var answer = await run.Client.Identities.SetPasswordAsync(
            new() { Login = who, CurrentPassword = current, NewPassword = fresh }, cancellationToken: ct);
        run.Answer.Done(answer, "The password is set; logins made with the old one end.");
    }
}
