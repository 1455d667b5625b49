namespace Attune.Protos.Client;

/// <summary>Where the control plane is and how to speak with it.</summary>
public sealed record AttuneClientOptions
{
    /// <summary>`https://host[:port]`, or `http://` to a loopback address.</summary>
    public required Uri Address { get; init; }

    /// <summary>Null: calls go out without a login, until <see cref="AttuneClient.LoginAsync"/>.</summary>
    public AttuneCredentials? Credentials { get; init; }

    /// <summary>A PEM file with the authorities that may vouch for the server, in place of the system's.</summary>
    public string? CaFile { get; init; }

    /// <summary>Allows `http://` beyond loopback, where tokens travel readable for everyone on the way.</summary>
    public bool AllowCleartext { get; init; }

    /// <summary>For a call that names no deadline, all attempts together. Streams have none.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How often an UNAVAILABLE call is made in all, 1 or more. Only calls that change nothing or carry a request_id.</summary>
    public int AttemptsMax { get; init; } = 4;

    /// <summary>Before the second attempt; doubles for each one after it.</summary>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromMilliseconds(100);

    public string UserAgent { get; init; } = "attune-dotnet";
}
