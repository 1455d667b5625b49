using Attune.Packs;
using Attune.Packs.Archives;
using Npgsql;

namespace Attune.Server.Packs;

/// <param name="PackRef">Empty where pack.yaml does not say.</param>
/// <param name="Version">Empty where pack.yaml does not say.</param>
/// <param name="Problems">Everything that would keep it from being installed.</param>
sealed record CheckedPack(string PackRef, string Version, IReadOnlyList<PackProblem> Problems);

/// <summary>Says what installing a pack would say, and changes nothing.</summary>
sealed class CheckPack(NpgsqlDataSource db)
{
    public async Task<CheckedPack> RunAsync(PackFiles files, CancellationToken ct)
    {
        var reading = PackReader.Read(files);
        var problems = reading.Problems.ToList();
        await using var connection = await db.OpenConnectionAsync(ct);
        if (reading.Manifest is not null)
            problems.AddRange(await PackSurroundings.CheckDependenciesAsync(connection, reading.Manifest, ct));
        if (reading.Content is not null)
            problems.AddRange(await PackSurroundings.CheckReferencesAsync(connection, reading.Content, ct));
        return new(reading.Manifest?.Ref ?? "", reading.Manifest?.Version ?? "", problems);
    }
}
