using System.Diagnostics.CodeAnalysis;
using System.Formats.Tar;

namespace Attune.Packs.Archives;

/// <summary>The files of one pack, by path, in ordinal order. Folders exist only as parts of paths.</summary>
public sealed class PackFiles
{
    /// <summary>Of files, in one pack.</summary>
    public const int MaxFiles = 20_000;

    /// <summary>Of a pack's archive, as uploaded and as unpacked.</summary>
    public const long MaxBytes = 64 << 20;

    readonly SortedDictionary<string, PackFile> files = new(StringComparer.Ordinal);
    readonly HashSet<string> folders = new(StringComparer.Ordinal);

    public IReadOnlyCollection<PackFile> All => files.Values;

    /// <summary>
    /// Reads a pack's folder. Links, devices and unfit paths are problems and are left out; what version control and tools leave behind
    /// (`.git`, `__pycache__`, `node_modules`, …) is left out silently.
    /// </summary>
    /// <exception cref="PackArchiveException">There is more than the limits allow.</exception>
    public static PackFiles FromDirectory(string directory, List<PackProblem> problems)
    {
        var pack = new PackFiles();
        var total = 0L;
        // Recursion is done by hand: the enumerator's own would follow a link to a folder.
        var pending = new Stack<DirectoryInfo>([new(directory)]);
        while (pending.TryPop(out var folder))
        {
            foreach (var entry in folder.EnumerateFileSystemInfos())
            {
                var path = Path.GetRelativePath(directory, entry.FullName).Replace(Path.DirectorySeparatorChar, '/');
                if (PackPath.IsIgnored(path))
                    continue;
                if (PackPath.Refuse(path) is { } refusal)
                    problems.Add(new(path, 0, "", $"'{path}' {refusal}"));
                else if (entry.LinkTarget is not null || entry.Attributes.HasFlag(FileAttributes.ReparsePoint))
                    problems.Add(new(path, 0, "", "is a link; only regular files and folders may be in a pack."));
                else if (entry is DirectoryInfo child)
                    pending.Push(child);
                else if (!IsRegular((FileInfo)entry))
                    problems.Add(new(path, 0, "", "is no regular file; only regular files and folders may be in a pack."));
                else if ((total += ((FileInfo)entry).Length) > MaxBytes)
                    throw TooLarge();
                else
                    pack.Add(new(path, IsExecutable(entry), File.ReadAllBytes(entry.FullName)));
            }
        }

        return pack;
    }

    public bool TryGet(string path, [NotNullWhen(true)] out PackFile? file) => files.TryGetValue(path, out file);

    /// <summary>Files directly in a folder, without those further down.</summary>
    public IEnumerable<PackFile> In(string folder)
        => files.Values.Where(file => file.Path.StartsWith(folder, StringComparison.Ordinal)
            && file.Path.LastIndexOf('/') == folder.Length && file.Path[folder.Length] is '/');

    internal void Add(PackFile file)
    {
        if (files.Count >= MaxFiles)
            throw new PackArchiveException($"The pack has more than {MaxFiles} files.", isTooLarge: true);
        if (!files.TryAdd(file.Path, file))
            throw new PackArchiveException($"'{file.Path}' is in the archive twice.");
        if (folders.Contains(file.Path))
            throw new PackArchiveException($"'{file.Path}' is both a file and a folder.");

        for (var end = file.Path.LastIndexOf('/'); end > 0; end = file.Path.LastIndexOf('/', end - 1))
        {
            var folder = file.Path[..end];
            if (files.ContainsKey(folder))
                throw new PackArchiveException($"'{folder}' is both a file and a folder.");
            if (!folders.Add(folder))
                break;
        }
    }

    internal static PackArchiveException TooLarge()
        => new($"The pack is larger than {MaxBytes >> 20} MiB unpacked.", isTooLarge: true);

    static bool IsExecutable(FileSystemInfo file) => !OperatingSystem.IsWindows() && file.UnixFileMode.HasFlag(UnixFileMode.UserExecute);

    // .NET calls pipes, sockets and devices normal files of no length, and opening one may block for ever. The tar writer looks before it opens.
    static bool IsRegular(FileInfo file)
    {
        if (file.Length > 0)
            return true;

        try
        {
            using var header = new MemoryStream();
            using (var tar = new TarWriter(header, TarEntryFormat.Ustar, leaveOpen: true))
                tar.WriteEntry(file.FullName, "empty");
            header.Position = 0;
            return new TarReader(header).GetNextEntry()?.EntryType is TarEntryType.RegularFile;
        }
        catch (IOException)
        {
            return false;
        }
    }
}
