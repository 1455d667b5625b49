using System.Formats.Tar;
using System.IO.Compression;
using System.Security.Cryptography;

namespace Attune.Packs.Archives;

/// <summary>
/// Packs as tar.gz. What is written depends on nothing but the files' paths, contents and executable bits, so that one content has one
/// SHA-256 wherever and whenever it is packed: entries in ordinal order, no folders, times of 0, owner 0, modes 0644 and 0755, and a gzip
/// of stored blocks, because compressors differ between versions and even between processors.
/// What is read may be any tar.gz (or a bare tar) whose root is the pack's folder.
/// </summary>
public static class PackArchive
{
    const UnixFileMode FileMode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    const UnixFileMode ProgramMode = FileMode | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    /// <summary>The archive of these files.</summary>
    /// <exception cref="PackArchiveException">It would be larger than <see cref="PackFiles.MaxBytes"/>, or a path does not fit a tar header.</exception>
    public static byte[] Write(PackFiles files)
    {
        using var archive = new MemoryStream();
        using (var gzip = new StoredGzipStream(archive))
        using (var tar = new TarWriter(gzip, TarEntryFormat.Ustar))
        {
            foreach (var file in files.All)
            {
                if (archive.Length + file.Content.Length > PackFiles.MaxBytes)
                    throw PackFiles.TooLarge();
                tar.WriteEntry(EntryOf(file));
            }
        }

        return archive.Length <= PackFiles.MaxBytes ? archive.ToArray() : throw PackFiles.TooLarge();
    }

    /// <summary>The name of a release: lower-case hex SHA-256 of its archive.</summary>
    public static string DigestOf(ReadOnlySpan<byte> archive) => Convert.ToHexStringLower(SHA256.HashData(archive));

    /// <summary>Reads an uploaded archive whole, from a stream that can seek.</summary>
    /// <exception cref="PackArchiveException">It is damaged, too large, or holds what no pack may hold.</exception>
    public static PackFiles Read(Stream archive)
    {
        var files = new PackFiles();
        foreach (var (path, entry) in Entries(archive))
        {
            if (PackPath.IsIgnored(path))
                continue;

            var content = new byte[entry.Length];
            entry.DataStream?.ReadExactly(content);
            files.Add(new(path, entry.Mode.HasFlag(UnixFileMode.UserExecute), content));
        }

        return files;
    }

    /// <summary>
    /// Unpacks an archive, from a stream that can seek, below a folder, which is made and must be empty. Nothing is ever written outside of it. After an exception the
    /// folder may hold some of the files.
    /// </summary>
    /// <exception cref="PackArchiveException">As for <see cref="Read"/>.</exception>
    public static async Task ExtractAsync(Stream archive, string directory, CancellationToken ct)
    {
        var root = Directory.CreateDirectory(directory).FullName;
        if (Directory.EnumerateFileSystemEntries(root).Any())
            throw new IOException($"'{root}' is not empty.");

        var seen = new PackFiles();
        foreach (var (path, entry) in Entries(archive))
        {
            ct.ThrowIfCancellationRequested();
            seen.Add(new(path, IsExecutable: false, default));
            var target = Path.Combine(root, path);
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            await WriteAsync(entry, target, ct);
        }
    }

    static async Task WriteAsync(TarEntry entry, string target, CancellationToken ct)
    {
        var options = new FileStreamOptions { Mode = System.IO.FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = entry.Mode.HasFlag(UnixFileMode.UserExecute) ? ProgramMode : FileMode;

        await using var file = new FileStream(target, options);
        if (entry.DataStream is { } content)
            await content.CopyToAsync(file, ct);
    }

    static UstarTarEntry EntryOf(PackFile file)
    {
        try
        {
            return new(TarEntryType.RegularFile, file.Path)
            {
                Mode = file.IsExecutable ? ProgramMode : FileMode,
                ModificationTime = DateTimeOffset.UnixEpoch,
                DataStream = new MemoryStream(file.Content.ToArray(), writable: false),
            };
        }
        catch (ArgumentException)
        {
            throw new PackArchiveException($"'{file.Path}' is too long a path for an archive.");
        }
    }

    static IEnumerable<(string Path, TarEntry Entry)> Entries(Stream archive)
    {
        using var unpacked = new CountedStream(Unzipped(archive));
        using var tar = new TarReader(unpacked, leaveOpen: true);
        while (Next(tar) is { } entry)
        {
            // git archive puts the commit id in front, for the whole archive.
            if (entry.EntryType is TarEntryType.GlobalExtendedAttributes)
                continue;

            var path = entry.Name.StartsWith("./", StringComparison.Ordinal) ? entry.Name[2..] : entry.Name;
            if (entry.EntryType is TarEntryType.Directory && path.TrimEnd('/') is "" or ".")
                continue;
            if (PackPath.Refuse(entry.EntryType is TarEntryType.Directory ? path.TrimEnd('/') : path) is { } refusal)
                throw new PackArchiveException($"'{Printable(path)}' {refusal}");

            switch (entry.EntryType)
            {
                case TarEntryType.Directory:
                    break;
                case TarEntryType.RegularFile or TarEntryType.V7RegularFile:
                    yield return (path, entry);
                    break;
                default:
                    throw new PackArchiveException($"'{path}' is a {entry.EntryType}; only regular files and folders may be in a pack.");
            }
        }

        unpacked.Finish();
    }

    static TarEntry? Next(TarReader tar)
    {
        try
        {
            var entry = tar.GetNextEntry();
            return entry is { Length: > PackFiles.MaxBytes } ? throw PackFiles.TooLarge() : entry;
        }
        catch (Exception exception) when (exception is InvalidDataException or FormatException or ArgumentException
            or OverflowException or NotSupportedException or InvalidOperationException)
        {
            throw CountedStream.Damaged(exception);
        }
    }

    // Both gzip and bare tar are let in: browsers and proxies unzip downloads at will.
    static Stream Unzipped(Stream archive)
    {
        var start = archive.Position;
        var isGzip = archive.ReadByte() == 0x1f && archive.ReadByte() == 0x8b;
        archive.Position = start;
        return isGzip ? new GZipStream(archive, CompressionMode.Decompress, leaveOpen: true) : archive;
    }

    static string Printable(string path) => string.Concat(path.Take(200).Select(unit => char.IsControl(unit) ? '?' : unit));
}
