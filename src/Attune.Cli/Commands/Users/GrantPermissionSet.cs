using System.CommandLine;
using Attune.Cli.Completion;

namespace Attune.Cli.Commands.Users;

static class GrantPermissionSet
{
    static readonly Argument<string> login = UserText.Login();
    static readonly Suggested<string> set = new("PERMISSION_SET", Suggestions.PermissionSetsAsync) { Description = "Ref: core.executor" };

    public static Command Command() => new Command("grant", "Give a user a permission set").With(login, set).Does(RunAsync);

    static async Task RunAsync(Invocation run, CancellationToken ct)
    {
        var answer = await run.Client.Identities.AssignPermissionSetAsync(
            new() { Login = run.Get(login), PermissionSetRef = run.Get(set) }, cancellationToken: ct);
        var sets = answer.Identity.PermissionSets;
        run.Answer.Done(
            answer.Identity,
            $"{answer.Identity.Login} {(sets.Count is 0 ? "has no permission set" : $"has {string.Join(", ", sets)}")} now.");
    }
}
