using System.Formats.Tar;
using System.IO.Compression;
using System.Security.Cryptography;
using Attune.Agent.Packs;
using Attune.Agent.Tests.Running;
using Microsoft.Extensions.Logging.Abstractions;

namespace Attune.Agent.Tests.Packs;

public sealed class ReleaseCacheTests : IAsyncLifetime
{
    readonly RunBench bench = RunBench.Create();

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await bench.DisposeAsync();

    [Fact]
    public async Task A_release_is_fetched_once_however_many_ask_and_survives_a_restart()
    {
        var digest = bench.Publish(RunBench.File("actions/a.sh", "echo a", isExecutable: true), RunBench.File("pack.yaml", "ref: a"));
        var folders = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => bench.Releases.GetAsync(digest, CancellationToken.None)));
        Assert.Single(folders.Distinct());
        Assert.Equal(1, bench.Downloads);

        Assert.Equal("echo a", await File.ReadAllTextAsync(Path.Combine(folders[0], "actions/a.sh")));
        Assert.Equal((UnixFileMode)0b101_101_101, File.GetUnixFileMode(Path.Combine(folders[0], "actions/a.sh")));
        Assert.Equal((UnixFileMode)0b100_100_100, File.GetUnixFileMode(Path.Combine(folders[0], "pack.yaml")));
        Assert.Equal(0, (int)File.GetUnixFileMode(folders[0]) & 0b010_010_010);

        var later = new ReleaseCache(bench.Paths, (_, _) => throw new InvalidOperationException("fetched again"), NullLogger<ReleaseCache>.Instance);
        Assert.Equal(folders[0], await later.GetAsync(digest, CancellationToken.None));
    }

    [Fact]
    public async Task An_archive_that_is_not_what_its_digest_names_is_not_unpacked_and_may_be_fetched_again()
    {
        var digest = bench.Publish(RunBench.File("pack.yaml", "ref: good"));
        var good = await Collect(digest);
        bench.Serve(digest, [.. good, 0]);
        await Assert.ThrowsAsync<InvalidDataException>(() => bench.Releases.GetAsync(digest, CancellationToken.None));
        Assert.Empty(Directory.EnumerateFileSystemEntries(bench.Paths.Releases));

        bench.Serve(digest, good);
        Assert.True(Directory.Exists(await bench.Releases.GetAsync(digest, CancellationToken.None)));
    }

    [Theory]
    [InlineData("../evil", TarEntryType.RegularFile)]
    [InlineData("/etc/evil", TarEntryType.RegularFile)]
    [InlineData("link", TarEntryType.SymbolicLink)]
    [InlineData("link", TarEntryType.HardLink)]
    [InlineData("pipe", TarEntryType.Fifo)]
    public async Task An_archive_that_would_leave_its_folder_is_refused(string name, TarEntryType type)
    {
        using var archive = new MemoryStream();
        await using (var gzip = new GZipStream(archive, CompressionLevel.Fastest, leaveOpen: true))
        await using (var tar = new TarWriter(gzip))
        {
            var entry = new PaxTarEntry(type, name);
            if (type is TarEntryType.SymbolicLink or TarEntryType.HardLink)
            {
                entry.LinkName = "/etc/passwd";
            }

            await tar.WriteEntryAsync(entry);
        }

        var digest = Convert.ToHexStringLower(SHA256.HashData(archive.ToArray()));
        bench.Serve(digest, archive.ToArray());
        await Assert.ThrowsAnyAsync<Exception>(() => bench.Releases.GetAsync(digest, CancellationToken.None));
        Assert.Empty(Directory.EnumerateFileSystemEntries(bench.Paths.Releases));
        Assert.False(File.Exists(Path.Combine(bench.Paths.Root, "evil")));
    }

    [Theory]
    [InlineData("../../etc")]
    [InlineData("")]
    [InlineData("ABCDEFABCDEFABCDEFABCDEFABCDEFABCDEFABCDEFABCDEFABCDEFABCDEFABCD")]
    public async Task What_is_no_digest_names_no_release(string digest)
        => await Assert.ThrowsAsync<InvalidDataException>(() => bench.Releases.GetAsync(digest, CancellationToken.None));

    [Fact]
    public async Task Over_the_limit_the_longest_unused_goes_but_never_one_in_use()
    {
        var digests = Enumerable.Range(0, 3).Select(each => bench.Publish(RunBench.File("data", new string((char)('a' + each), 1000)))).ToList();
        var cache = new ReleaseCache(bench.Paths, Serve, NullLogger<ReleaseCache>.Instance) { SizeLimit = 1500 };
        using (await cache.HoldAsync(digests[0], CancellationToken.None))
        {
            await cache.GetAsync(digests[1], CancellationToken.None);
            await cache.GetAsync(digests[2], CancellationToken.None);
            Assert.Equal([digests[0]], Present());
        }

        await cache.GetAsync(digests[2], CancellationToken.None);
        Assert.Equal([digests[2]], Present());

        IEnumerable<string?> Present() => Directory.EnumerateDirectories(bench.Paths.Releases).Select(Path.GetFileName);
        IAsyncEnumerable<ReadOnlyMemory<byte>> Serve(string digest, CancellationToken ct) => bench.Download(digest, ct);
    }

    [Fact]
    public async Task What_an_interrupted_fetch_left_is_cleared_away()
    {
        var left = Directory.CreateDirectory(Path.Combine(bench.Paths.Releases, ".unfinished-1"));
        await File.WriteAllTextAsync(Path.Combine(bench.Paths.Releases, ".unfinished-1.archive"), "x");
        await bench.Releases.GetAsync(bench.Publish(RunBench.File("a", "a")), CancellationToken.None);
        Assert.False(Directory.Exists(left.FullName));
        Assert.Single(Directory.EnumerateFileSystemEntries(bench.Paths.Releases));
    }

    [Fact]
    public async Task A_run_whose_release_cannot_be_had_says_so_and_never_starts()
    {
        var run = await bench.RunAsync(RunBench.ActionOf(new string('0', 64), V1.OutputFormat.Text, null, "actions/a"));
        run.AssertFailed("RELEASE_UNAVAILABLE");
        Assert.Null(run.StartedAt);
    }

    async Task<byte[]> Collect(string digest)
    {
        var bytes = new List<byte>();
        await foreach (var part in bench.Download(digest, CancellationToken.None))
        {
            bytes.AddRange(part.Span);
        }

        return [.. bytes];
    }
}
