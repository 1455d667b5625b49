using System.Text.RegularExpressions;
using Attune.Server.Hosting;

namespace Attune.Server.Identities;

sealed record Identity
{
    public required long Id { get; init; }
    public required string Login { get; init; }
    public string? DisplayName { get; init; }

    /// <summary>A JSON object.</summary>
    public required string Attributes { get; init; }
    public required string[] PermissionSets { get; init; }
    public required bool HasPassword { get; init; }
    public required DateTimeOffset Created { get; init; }
    public required DateTimeOffset Updated { get; init; }
}

sealed record PermissionSet
{
    public required long Id { get; init; }
    public required string Ref { get; init; }
    public string? PackRef { get; init; }
    public string? Label { get; init; }
    public string? Description { get; init; }

    /// <summary>JSON; see <see cref="GrantJson"/>.</summary>
    public required string Grants { get; init; }
}

static partial class IdentityRules
{
    public const int PasswordLengthMin = 12;

    // Hashing takes time in proportion to it.
    public const int PasswordLengthMax = 1024;

    [GeneratedRegex(@"\A[a-zA-Z0-9][a-zA-Z0-9._@-]{0,127}\z")]
    private static partial Regex Login();

    public static bool IsLogin(string login) => Login().IsMatch(login);

    public static Failure? CheckPassword(string password, string field) => password.Length switch
    {
        < PasswordLengthMin => Failure.Invalid("PASSWORD_TOO_SHORT", field, $"At least {PasswordLengthMin} characters."),
        > PasswordLengthMax => Failure.Invalid("PASSWORD_TOO_LONG", field, $"At most {PasswordLengthMax} characters."),
        _ => null,
    };

    public static Failure NotFound(string login) => Failure.NotFound("IDENTITY_NOT_FOUND", $"No identity '{login}'.");

    /// <summary>For what belongs to a person: an execution's token has none.</summary>
    public static Failure? RefuseWithoutIdentity(Caller caller) => caller.IdentityId is not 0
        ? null
        : new(FailureKind.Denied, "IDENTITY_REQUIRED", $"'{caller.Login}' is no identity; only a person's login or API token may do this.");
}
