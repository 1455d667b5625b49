using System.CommandLine;
using Attune.Cli.Parameters;
using Attune.V1;
using Google.Protobuf.WellKnownTypes;

namespace Attune.Cli.Commands.Users;

static class UpdateUser
{
    static readonly Argument<string> login = UserText.Login();
    static readonly Option<string?> displayName = new("--name") { Description = "Name to show", HelpName = "TEXT" };
    static readonly Option<string[]> attributes = new("--attribute")
    {
        Description = "Set an attribute; k= removes it; may repeat",
        HelpName = "k=v",
    };

    public static Command Command() => new Command("update", "Change a user").With(login, displayName, attributes).Does(RunAsync);

    static async Task RunAsync(Invocation run, CancellationToken ct)
    {
        var present = (await run.Client.Identities.GetIdentityAsync(new() { Login = run.Get(login) }, cancellationToken: ct)).Identity;
        var request = new UpdateIdentityRequest { Login = present.Login, Updated = present.Updated, UpdateMask = new() };
        if (run.Get(displayName) is { } name)
        {
            request.DisplayName = name;
            request.UpdateMask.Paths.Add("display_name");
        }

        if (run.Get(attributes) is { Length: > 0 } given)
        {
            request.Attributes = Laid(present.Attributes, given);
            request.UpdateMask.Paths.Add("attributes");
        }

        if (request.UpdateMask.Paths.Count is 0)
            throw new CommandFailure("Nothing is named to change.", "Add --name TEXT or --attribute k=v.");

        var answer = await run.Client.Identities.UpdateIdentityAsync(request, cancellationToken: ct);
        run.Answer.Done(answer.Identity, $"Updated {answer.Identity.Login}.");
    }

    static Struct Laid(Struct? before, string[] given)
    {
        var attributes = before?.Clone() ?? new();
        foreach (var (key, value) in Pairs.Parse(given, "--attribute"))
        {
            if (value is "")
                attributes.Fields.Remove(key);
            else
                attributes.Fields[key] = Value.ForString(value);
        }

        return attributes;
    }
}
