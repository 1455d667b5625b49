using Attune.Server.Hosting;

namespace Attune.Server.Identities;

/// <summary>Empty <paramref name="Login"/>: the caller's own, which needs the present password.</summary>
sealed record SetPasswordCommand(string Login, string CurrentPassword, string NewPassword, string Address);

sealed class SetPassword(
    IdentityStore store, CallerStore callers, PasswordHashing passwords, LoginThrottle throttle, TimeProvider clock)
{
    public async Task<Failure?> RunAsync(SetPasswordCommand command, Caller caller, CancellationToken ct)
    {
        if (IdentityRules.RefuseWithoutIdentity(caller) is { } nobody)
            return nobody;
        if (IdentityRules.CheckPassword(command.NewPassword, "new_password") is { } refused)
            return refused;

        var login = command.Login is "" ? caller.Login : command.Login;
        var isOwn = string.Equals(login, caller.Login, StringComparison.OrdinalIgnoreCase);
        if (!isOwn && !caller.May("identities", "update"))
            return Caller.Denied("identities", "update", "to set another's password");
        if (await store.FindPasswordAsync(login, ct) is not { } stored)
            return IdentityRules.NotFound(login);

        var failure = isOwn ? await CheckOwnAsync(stored, command, ct) : await CheckOtherAsync(stored, caller, ct);
        if (failure is not null)
            return failure;

        await store.SetPasswordAsync(stored.Id, await passwords.HashAsync(command.NewPassword, ct), clock.GetUtcNow(), ct);
        return null;
    }

    async Task<Failure?> CheckOwnAsync(StoredPassword stored, SetPasswordCommand command, CancellationToken ct)
    {
        // A stolen session must not be a way to guess the password faster than logging in is.
        if (await throttle.CountTryAsync(stored.Login, command.Address, ct) is { } throttled)
            return throttled;
        if (await passwords.VerifyAsync(stored.PasswordHash, command.CurrentPassword, ct) is PasswordVerdict.Wrong)
            return new(FailureKind.Denied, "CURRENT_PASSWORD_WRONG", "The current password is wrong.");

        await throttle.ForgiveAsync(stored.Login, ct);
        return null;
    }

    // Whoever sets a password can log in with it, so it hands over everything that the other holds.
    async Task<Failure?> CheckOtherAsync(StoredPassword stored, Caller caller, CancellationToken ct)
        => await callers.FindByIdentityAsync(stored.Id, ct) is { } other && other.Caller.Grants.All(caller.Holds)
            ? null
            : PermissionAssignments.Exceeds($"'{stored.Login}'");
}
