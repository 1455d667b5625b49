using System.Diagnostics.CodeAnalysis;

namespace Attune.Server.Hosting;

public enum FailureKind
{
    /// <summary>INVALID_ARGUMENT: bad input; every violation is listed.</summary>
    Invalid,
    Unauthenticated,
    Denied,
    NotFound,
    AlreadyExists,

    /// <summary>FAILED_PRECONDITION: the thing is in the wrong state for this.</summary>
    Refused,

    /// <summary>ABORTED: a lost race or a stale attempt.</summary>
    Stale,

    /// <summary>RESOURCE_EXHAUSTED: a limit; the message says which and when to retry.</summary>
    Exhausted,
    Unavailable,
}

/// <summary>One invalid field: its path as the proto spells it, what is wrong and how to put it right.</summary>
public sealed record Violation(string Field, string Description);

/// <summary>An expected "no". <paramref name="Reason"/> is API: UPPER_SNAKE_CASE, documented on the rpc, never renamed.</summary>
public sealed record Failure(FailureKind Kind, string Reason, string Message)
{
    public IReadOnlyList<Violation> Violations { get; init; } = [];

    public IReadOnlyDictionary<string, string> Metadata { get; init; } = new Dictionary<string, string>();

    public static Failure Invalid(string reason, string field, string description)
        => new(FailureKind.Invalid, reason, $"{field}: {description}") { Violations = [new(field, description)] };

    public static Failure Invalid(string reason, IReadOnlyList<Violation> violations)
        => new(FailureKind.Invalid, reason, string.Join("; ", violations.Select(each => $"{each.Field}: {each.Description}")))
        {
            Violations = violations,
        };

    public static Failure NotFound(string reason, string message) => new(FailureKind.NotFound, reason, message);
}

/// <summary>An answer or an expected "no".</summary>
public sealed class Result<T>
    where T : notnull
{
    readonly T? value;
    readonly Failure? failure;

    Result(T? value, Failure? failure) => (this.value, this.failure) = (value, failure);

    public static implicit operator Result<T>(T value) => new(value, null);

    public static implicit operator Result<T>(Failure failure) => new(default, failure);

    public bool IsOk([NotNullWhen(true)] out T? ok, [NotNullWhen(false)] out Failure? failed)
    {
        (ok, failed) = (value, failure);
        return failure is null;
    }
}
