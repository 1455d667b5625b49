using Attune.Cli.Completion;
using Attune.Cli.Output;
using Attune.V1;

namespace Attune.Cli.Commands.Users;

static class UserText
{
    public static Suggested<string> Login() => new("LOGIN", Suggestions.LoginsAsync) { Description = "Who" };

    public static void Show(Invocation run, Identity user) => run.Answer.Show(
        user,
        new("Login", user.Login),
        new("Name", user.DisplayName),
        new("Password", user.HasPassword ? "set" : "none: cannot log in by password"),
        new("Permission sets", string.Join(", ", user.PermissionSets)),
        new("Attributes", Texts.Json(user.Attributes)),
        new("Created", Texts.Moment(user.Created, run.Clock)),
        new("Updated", Texts.Moment(user.Updated, run.Clock)));
}
