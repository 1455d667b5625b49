using System.Buffers;
using System.Security.Cryptography;
using Attune.Agent.Running;
using Attune.Packs.Archives;
using Microsoft.Extensions.Logging;

namespace Attune.Agent.Packs;

/// <summary>
/// Pack releases on this host, each fetched, verified and unpacked once. `download` streams the archive that has the digest. A release is complete when it
/// has its name: whatever an interrupted fetch leaves has another one and goes at the next start.
/// </summary>
public sealed partial class ReleaseCache(
    AgentPaths paths, Func<string, CancellationToken, IAsyncEnumerable<ReadOnlyMemory<byte>>> download, ILogger<ReleaseCache> logger)
{
    const long ArchiveMax = 96L << 20;
    const string Unfinished = ".unfinished-";
    const UnixFileMode Write = UnixFileMode.UserWrite | UnixFileMode.GroupWrite | UnixFileMode.OtherWrite;

    static readonly SearchValues<char> LowerHex = SearchValues.Create("0123456789abcdef");

    readonly Lock gate = new();
    readonly Dictionary<string, Entry> entries = [];
    bool isLoaded;
    long uses;

    /// <summary>Bytes on disk after which releases that nobody uses go, the longest unused first.</summary>
    public long SizeLimit { get; init; } = 2L << 30;

    /// <returns>The unpacked release's directory. It may be evicted once nobody holds it: see <see cref="HoldAsync"/>.</returns>
    public async Task<string> GetAsync(string digest, CancellationToken ct)
    {
        using var held = await HoldAsync(digest, ct);
        return held.Directory;
    }

    /// <summary>Fetches it where it is missing and keeps it from being evicted until the answer is disposed.</summary>
    /// <exception cref="InvalidDataException">What came is not what the digest names.</exception>
    public async Task<HeldRelease> HoldAsync(string digest, CancellationToken ct)
    {
        if (digest.Length != 64 || digest.AsSpan().ContainsAnyExcept(LowerHex))
        {
            throw new InvalidDataException($"'{digest}' does not name a release.");
        }

        Entry entry;
        lock (gate)
        {
            Load();
            if (!entries.TryGetValue(digest, out entry!) || entry.Fetched is { IsCompleted: true, IsCompletedSuccessfully: false })
            {
                // The callers share it, so it does not end with the patience of any one of them.
                entries[digest] = entry = new Entry { Fetched = FetchAsync(digest, CancellationToken.None) };
            }

            entry.Holders++;
            entry.LastUse = ++uses;
        }

        try
        {
            entry.Size = await entry.Fetched.WaitAsync(ct);
            Evict();
            return new HeldRelease(Folder(digest), () => Release(entry));
        }
        catch
        {
            Release(entry);
            throw;
        }
    }

    string Folder(string digest) => Path.Combine(paths.Releases, digest);

    void Release(Entry entry)
    {
        lock (gate)
        {
            entry.Holders--;
            if (entry is { Holders: 0, Fetched: { IsCompleted: true, IsCompletedSuccessfully: false } })
            {
                foreach (var (digest, _) in entries.Where(each => each.Value == entry).ToList())
                {
                    entries.Remove(digest);
                }
            }
        }

        Evict();
    }

    async Task<long> FetchAsync(string digest, CancellationToken ct)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        var unfinished = Path.Combine(paths.Releases, Unfinished + Guid.NewGuid().ToString("N"));
        var archive = unfinished + ".archive";
        try
        {
            await using (var file = new FileStream(archive, FileMode.CreateNew, FileAccess.ReadWrite))
            {
                await DownloadAsync(digest, file, ct);
                file.Position = 0;
                await PackArchive.ExtractAsync(file, unfinished, ct);
            }

            var size = Seal(new DirectoryInfo(unfinished));
            Directory.Move(unfinished, Folder(digest));
            ReleaseFetched(logger, digest, size);
            return size;
        }
        finally
        {
            File.Delete(archive);
            Trees.Delete(unfinished);
        }
    }

    async Task DownloadAsync(string digest, FileStream file, CancellationToken ct)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        await foreach (var part in download(digest, ct).WithCancellation(ct))
        {
            hash.AppendData(part.Span);
            await file.WriteAsync(part, ct);
            if (file.Position > ArchiveMax)
            {
                throw new InvalidDataException($"Release {digest} is larger than {ArchiveMax >> 20} MiB.");
            }
        }

        var actual = Convert.ToHexStringLower(hash.GetHashAndReset());
        if (actual != digest)
        {
            throw new InvalidDataException($"Release {digest} arrived as {actual}; it was not unpacked.");
        }
    }

    // What every run shares must not be changed by any of them.
    static long Seal(DirectoryInfo folder)
    {
        var size = 0L;
        foreach (var each in folder.EnumerateFileSystemInfos())
        {
            if (each is DirectoryInfo inner)
            {
                size += Seal(inner);
            }
            else
            {
                each.UnixFileMode &= ~Write;
                size += ((FileInfo)each).Length;
            }
        }

        folder.UnixFileMode &= ~Write;
        return size;
    }

    void Load()
    {
        if (isLoaded)
        {
            return;
        }

        isLoaded = true;
        Directory.CreateDirectory(paths.Releases);
        foreach (var file in Directory.EnumerateFiles(paths.Releases, Unfinished + "*"))
        {
            File.Delete(file);
        }

        foreach (var folder in new DirectoryInfo(paths.Releases).EnumerateDirectories().OrderBy(each => each.LastWriteTimeUtc))
        {
            if (folder.Name.StartsWith(Unfinished, StringComparison.Ordinal))
            {
                Trees.Delete(folder.FullName);
                continue;
            }

            var size = folder.EnumerateFiles("*", SearchOption.AllDirectories).Sum(file => file.Length);
            entries[folder.Name] = new Entry { Fetched = Task.FromResult(size), Size = size, LastUse = ++uses };
        }
    }

    // Under the gate to the end: nobody may take up a release while it goes.
    void Evict()
    {
        lock (gate)
        {
            var total = entries.Values.Sum(entry => entry.Size);
            foreach (var (digest, entry) in entries.OrderBy(each => each.Value.LastUse).ToList())
            {
                if (total <= SizeLimit)
                {
                    return;
                }

                if (entry is { Holders: 0, Fetched.IsCompletedSuccessfully: true })
                {
                    entries.Remove(digest);
                    total -= entry.Size;
                    Trees.Delete(Folder(digest));
                    ReleaseEvicted(logger, digest, entry.Size);
                }
            }
        }
    }

    sealed class Entry
    {
        public required Task<long> Fetched { get; init; }

        public long Size { get; set; }

        public int Holders { get; set; }

        public long LastUse { get; set; }
    }

    [LoggerMessage(LogLevel.Information, "Release {Digest} is on this host now, {Size} bytes")]
    static partial void ReleaseFetched(ILogger logger, string digest, long size);

    [LoggerMessage(LogLevel.Information, "Release {Digest} was deleted, because the releases here are over their limit; {Size} bytes are free again")]
    static partial void ReleaseEvicted(ILogger logger, string digest, long size);
}

/// <summary>A release that stays while this is not disposed.</summary>
public sealed class HeldRelease(string directory, Action release) : IDisposable
{
    Action? release = release;

    public string Directory => directory;

    public void Dispose() => Interlocked.Exchange(ref release, null)?.Invoke();
}
