using System.CommandLine;

namespace Attune.Cli.Commands.Users;

static class DeleteUser
{
    static readonly Argument<string> login = UserText.Login();

    public static Command Command()
        => new Command("delete", "Delete a user and its tokens; what it did stays recorded").With(login, Confirmation.Yes).Does(RunAsync);

    static async Task RunAsync(Invocation run, CancellationToken ct)
    {
        run.Prompt.Confirm($"Delete user {run.Get(login)}?", run.Get(Confirmation.Yes));
        var answer = await run.Client.Identities.DeleteIdentityAsync(new() { Login = run.Get(login) }, cancellationToken: ct);
        run.Answer.Done(answer, $"Deleted {run.Get(login)}.");
    }
}
