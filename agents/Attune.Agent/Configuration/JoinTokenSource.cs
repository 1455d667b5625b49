namespace Attune.Agent.Configuration;

/// <summary>Where the join token is. It is read only when the agent really joins, so its file may be gone afterwards.</summary>
sealed record JoinTokenSource(string? Value, string? File)
{
    public bool IsGiven => Value is not null || File is not null;

    /// <summary>Throws <see cref="IOException"/> or <see cref="UnauthorizedAccessException"/> when the file cannot be read.</summary>
    public async Task<string> ReadAsync(CancellationToken ct) => (Value ?? File switch
    {
        null => "",
        "-" => await Console.In.ReadLineAsync(ct) ?? "",
        _ => await System.IO.File.ReadAllTextAsync(File, ct),
    }).Trim();

    // A record prints its members.
    public override string ToString() => IsGiven ? "given" : "not given";
}
