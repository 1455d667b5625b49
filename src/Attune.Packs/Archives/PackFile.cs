namespace Attune.Packs.Archives;

/// <summary>One regular file of a pack. <paramref name="Path"/> is relative to the pack's root, with `/`.</summary>
public sealed record PackFile(string Path, bool IsExecutable, ReadOnlyMemory<byte> Content);

/// <summary>A pack that breaks the rules of an archive: hostile, damaged or too large. The message names the entry.</summary>
public sealed class PackArchiveException(string message, bool isTooLarge = false) : IOException(message)
{
    public bool IsTooLarge => isTooLarge;
}
