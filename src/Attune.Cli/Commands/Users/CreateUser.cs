using System.CommandLine;
using Attune.Cli.Parameters;
using Attune.V1;

namespace Attune.Cli.Commands.Users;

static class CreateUser
{
    static readonly Argument<string> login = new("LOGIN") { Description = "Name to log in with" };
    static readonly Option<string?> displayName = new("--name") { Description = "Name to show", HelpName = "TEXT" };
    static readonly Option<string[]> attributes = new("--attribute") { Description = "Anything to remember; may repeat", HelpName = "k=v" };
    static readonly Option<string[]> sets = new("--permission-set", "-p") { Description = "Granted from the start; may repeat", HelpName = "REF" };
    static readonly Option<bool> passwordStdin = new("--password-stdin") { Description = "Read the password from stdin" };
    static readonly Option<bool> noPassword = new("--no-password") { Description = "Without one: only API tokens" };

    public static Command Command()
        => new Command("create", "Make a user").With(login, displayName, attributes, sets, passwordStdin, noPassword).Does(RunAsync);

    static async Task RunAsync(Invocation run, CancellationToken ct)
    {
        var request = new CreateIdentityRequest
        {
            Login = run.Get(login),
            DisplayName = run.Get(displayName) ?? "",
            Attributes = new(),
        };
        request.PermissionSets.Add(run.Get(sets) ?? []);
        foreach (var (key, value) in Pairs.Parse(run.Get(attributes), "--attribute"))
            request.Attributes.Fields[key] = Google.Protobuf.WellKnownTypes.Value.ForString(value);
        if (!run.Get(noPassword))
            request.Password = run.Prompt.NewPassword($"Password for {request.Login}", run.Get(passwordStdin));

        var answer = await run.Client.Identities.CreateIdentityAsync(request, cancellationToken: ct);
        run.Answer.Done(answer.Identity, $"Created {answer.Identity.Login}.{Next(answer.Identity)}");
    }

    static string Next(Identity user)
        => user.PermissionSets.Count is 0 ? $" It may do nothing yet: attune user grant {user.Login} PERMISSION_SET" : "";
}
