using Attune.Packs;
using Attune.Packs.Archives;

namespace Attune.Cli.Commands.Packs;

/// <summary>A pack's folder on this machine, read and checked.</summary>
sealed record LocalPack
{
    public required DirectoryInfo Directory { get; init; }
    public required PackFiles Files { get; init; }
    public required PackReading Reading { get; init; }

    public string Ref => Reading.Manifest?.Ref ?? "";

    public string Version => Reading.Manifest?.Version ?? "";

    public static LocalPack Read(DirectoryInfo directory)
    {
        if (!directory.Exists)
            throw new CommandFailure($"There is no folder {directory}.");

        try
        {
            var (files, reading) = PackReader.ReadDirectory(directory.FullName);
            return new() { Directory = directory, Files = files, Reading = reading };
        }
        catch (PackArchiveException unfit)
        {
            throw new CommandFailure($"{directory}: {unfit.Message}");
        }
    }

    /// <summary>Every problem, as compilers say it, from where the user stands.</summary>
    public CommandFailure? Problems()
        => Reading.Problems is { Count: > 0 } problems
            ? new($"{Directory} has {Count(problems.Count)}; nothing was sent.")
            {
                Lines = [.. problems.Select(problem => Path.Combine(Directory.ToString(), problem.ToString()))],
            }
            : null;

    public byte[] Archive()
    {
        try
        {
            return PackArchive.Write(Files);
        }
        catch (PackArchiveException unfit)
        {
            throw new CommandFailure($"{Directory}: {unfit.Message}");
        }
    }

    public static string Count(int problems) => problems is 1 ? "1 problem" : $"{problems} problems";
}
