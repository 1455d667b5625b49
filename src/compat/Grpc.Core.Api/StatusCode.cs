namespace Grpc.Core;

/// <summary>The result of a call; numbers and meanings are those of the gRPC protocol (doc/statuscodes.md of grpc).</summary>
public enum StatusCode
{
    OK = 0,

    /// <summary>The call was cancelled, typically by its caller.</summary>
    Cancelled = 1,

    /// <summary>An error of another domain, or one that says too little to be anything else.</summary>
    Unknown = 2,

    /// <summary>The arguments are wrong whatever the state of the system; see <see cref="FailedPrecondition"/>.</summary>
    InvalidArgument = 3,

    /// <summary>Time ran out; the operation may have succeeded nevertheless.</summary>
    DeadlineExceeded = 4,

    NotFound = 5,

    AlreadyExists = 6,

    /// <summary>The caller is known and may not; an unknown caller is <see cref="Unauthenticated"/>.</summary>
    PermissionDenied = 7,

    /// <summary>A quota, or room somewhere, is used up.</summary>
    ResourceExhausted = 8,

    /// <summary>The system is not in the state that the call needs; repeating it changes nothing until that state changes.</summary>
    FailedPrecondition = 9,

    /// <summary>A race was lost; the caller may start over at a higher level.</summary>
    Aborted = 10,

    /// <summary>Past the valid range of a state that may grow, such as the end of a file.</summary>
    OutOfRange = 11,

    Unimplemented = 12,

    /// <summary>An invariant of the system is broken.</summary>
    Internal = 13,

    /// <summary>Unavailable for now; the caller may retry after a pause.</summary>
    Unavailable = 14,

    /// <summary>Data is lost or corrupted beyond recovery.</summary>
    DataLoss = 15,

    /// <summary>The credentials are missing or not valid.</summary>
    Unauthenticated = 16,
}
