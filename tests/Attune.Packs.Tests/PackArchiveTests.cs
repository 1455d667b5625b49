using System.Diagnostics;
using System.Formats.Tar;
using System.IO.Compression;
using System.Text;
using Attune.Packs.Archives;

namespace Attune.Packs.Tests;

[System.Runtime.Versioning.SupportedOSPlatform("linux")]
public sealed class PackArchiveTests : IDisposable
{
    readonly PackFolder folder = new();
    readonly PackFolder target = new();

    public void Dispose()
    {
        folder.Dispose();
        target.Dispose();
    }

    [Fact]
    public void One_content_has_one_digest_wherever_and_whenever_it_is_packed()
    {
        using var other = new PackFolder();
        folder.With("pack.yaml", "ref: a\n").With("lib/z.py", "z").With("lib/a.py", "a").With("run.sh", "x", isExecutable: true);
        other.With("run.sh", "x", isExecutable: true).With("lib/a.py", "a").With("lib/z.py", "z").With("pack.yaml", "ref: a\n").With(".git/HEAD", "x");
        File.SetLastWriteTimeUtc(Path.Combine(other.Path, "run.sh"), new(2001, 2, 3, 4, 5, 6, DateTimeKind.Utc));

        // Written down (and worked out with another tar writer), so that a change of the form, which would make every pack look new, is noticed.
        Assert.Equal("7f4d3bb798e3ba217e5568579dd87954218c34a0ed0dd54d2c74b9078bb8e4ae", DigestOf(folder));
        Assert.Equal(DigestOf(folder), DigestOf(other));

        other.With("lib/a.py", "b");
        Assert.NotEqual(DigestOf(folder), DigestOf(other));
    }

    [Fact]
    public void The_executable_bit_is_part_of_the_content()
    {
        using var other = new PackFolder();
        folder.With("run.sh", "x");
        other.With("run.sh", "x", isExecutable: true);
        Assert.NotEqual(DigestOf(folder), DigestOf(other));
    }

    [Fact]
    public async Task What_is_packed_comes_out_again_and_tar_can_read_it()
    {
        var large = new string('x', 200_000);
        folder.With("pack.yaml", "ref: a\n").With("lib/deep/er/ä.txt", large).With("run.sh", "#!/bin/sh\n", isExecutable: true).With("empty", "");
        var archive = PackArchive.Write(PackReader.ReadDirectory(folder.Path).Files);

        await PackArchive.ExtractAsync(new MemoryStream(archive), Path.Combine(target.Path, "new"), CancellationToken.None);
        Assert.Equal(large, File.ReadAllText(Path.Combine(target.Path, "new/lib/deep/er/ä.txt")));
        Assert.True(File.GetUnixFileMode(Path.Combine(target.Path, "new/run.sh")).HasFlag(UnixFileMode.UserExecute));
        Assert.False(File.GetUnixFileMode(Path.Combine(target.Path, "new/pack.yaml")).HasFlag(UnixFileMode.UserExecute));
        Assert.Equal(archive, PackArchive.Write(PackReader.ReadDirectory(Path.Combine(target.Path, "new")).Files));

        File.WriteAllBytes(Path.Combine(target.Path, "a.tar.gz"), archive);
        using var tar = Process.Start(new ProcessStartInfo("tar", ["tzf", "a.tar.gz"]) { WorkingDirectory = target.Path, RedirectStandardOutput = true })!;
        var listed = await tar.StandardOutput.ReadToEndAsync();
        await tar.WaitForExitAsync();
        Assert.Equal((0, 4), (tar.ExitCode, listed.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length));
    }

    [Theory]
    [InlineData("gnu")]
    [InlineData("pax")]
    [InlineData("ustar")]
    [InlineData("v7")]
    public void Whatever_tar_wrote_it_the_release_is_the_same(string format)
    {
        folder.With("pack.yaml", "ref: a\n").With("actions/run.sh", "x", isExecutable: true);
        var archive = Path.Combine(target.Path, "a.tar.gz");
        using (var tar = Process.Start("tar", ["czf", archive, $"--format={format}", "-C", folder.Path, "."]))
            tar.WaitForExit();

        using var stream = File.OpenRead(archive);
        Assert.Equal(DigestOf(folder), PackArchive.DigestOf(PackArchive.Write(PackArchive.Read(stream))));
    }

    [Theory]
    [InlineData("../evil")]
    [InlineData("/etc/evil")]
    [InlineData("a/../../evil")]
    [InlineData("a//b")]
    [InlineData("a/./b")]
    [InlineData("a\\..\\b")]
    [InlineData("a\nb")]
    [InlineData("1/2/3/4/5/6/7/8/9/0/1/2/3/4/5/6/7")]
    public async Task A_path_that_leads_astray_is_refused(string path) => await RefusesAsync(Tar(Entry(path)));

    [Theory]
    [InlineData(TarEntryType.SymbolicLink)]
    [InlineData(TarEntryType.HardLink)]
    [InlineData(TarEntryType.Fifo)]
    [InlineData(TarEntryType.CharacterDevice)]
    [InlineData(TarEntryType.BlockDevice)]
    public async Task Only_files_and_folders_are_let_in(TarEntryType type)
    {
        var entry = new PaxTarEntry(type, "odd");
        if (type is TarEntryType.SymbolicLink or TarEntryType.HardLink)
            entry.LinkName = "pack.yaml";
        await RefusesAsync(Tar(Entry("pack.yaml"), entry));
    }

    [Fact]
    public async Task A_file_twice_or_as_a_folder_is_refused()
    {
        await RefusesAsync(Tar(Entry("a"), Entry("a")));
        await RefusesAsync(Tar(Entry("a"), Entry("a/b")));
        await RefusesAsync(Tar(Entry("a/b"), Entry("a")));
    }

    [Fact]
    public async Task A_zip_bomb_is_stopped_at_the_limit()
    {
        using var archive = new MemoryStream();
        using (var gzip = new GZipStream(archive, CompressionLevel.Fastest, leaveOpen: true))
        using (var tar = new TarWriter(gzip))
        {
            for (var part = 0; part < 9; part++)
                tar.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, $"part{part}") { DataStream = new MemoryStream(new byte[8 << 20]) });
        }

        Assert.True((await RefusesAsync(archive.ToArray())).IsTooLarge);
    }

    [Fact]
    public async Task A_huge_claim_is_refused_before_anything_is_read()
    {
        var archive = Tar(new UstarTarEntry(TarEntryType.RegularFile, "a"));
        // Size field of the first header, with the checksum put right: 8 GiB less one.
        var header = archive.AsSpan(archive.AsSpan().IndexOf("ustar"u8) - 257, 512);
        Encoding.ASCII.GetBytes("77777777777", header[124..]);
        header.Slice(148, 8).Fill((byte)' ');
        var sum = 0;
        foreach (var each in header)
            sum += each;
        Encoding.ASCII.GetBytes(Convert.ToString(sum, 8).PadLeft(6, '0') + "\0 ", header[148..]);

        Assert.True((await RefusesAsync(archive)).IsTooLarge);
    }

    [Fact]
    public async Task What_is_damaged_or_no_archive_is_refused()
    {
        folder.With("pack.yaml", "ref: a\n").With("b", new string('b', 5000));
        var whole = PackArchive.Write(PackReader.ReadDirectory(folder.Path).Files);
        await RefusesAsync([]);
        await RefusesAsync(Encoding.UTF8.GetBytes("ref: a\n"));
        await RefusesAsync(whole[..^3000]);
        await RefusesAsync(whole[..100]);
        await RefusesAsync([0x1f, 0x8b, .. Enumerable.Repeat((byte)7, 600)]);

        var flipped = whole.ToArray();
        flipped[2000] ^= 1;
        await RefusesAsync(flipped);
    }

    [Fact]
    public async Task Nothing_is_unpacked_over_what_is_there()
    {
        target.With("pack.yaml", "mine");
        await Assert.ThrowsAsync<IOException>(() => PackArchive.ExtractAsync(new MemoryStream(Tar(Entry("pack.yaml"))), target.Path, CancellationToken.None));
        Assert.Equal("mine", File.ReadAllText(Path.Combine(target.Path, "pack.yaml")));
    }

    static string DigestOf(PackFolder folder) => PackArchive.DigestOf(PackArchive.Write(PackReader.ReadDirectory(folder.Path).Files));

    static PaxTarEntry Entry(string path) => new(TarEntryType.RegularFile, path) { DataStream = new MemoryStream([1, 2, 3]) };

    static byte[] Tar(params TarEntry[] entries)
    {
        using var archive = new MemoryStream();
        using (var tar = new TarWriter(archive, leaveOpen: true))
        {
            foreach (var entry in entries)
                tar.WriteEntry(entry);
        }

        return archive.ToArray();
    }

    // Both ways in, because the agent unpacks what the server reads.
    async Task<PackArchiveException> RefusesAsync(byte[] archive)
    {
        var unpacked = Path.Combine(target.Path, Guid.NewGuid().ToString("N"));
        await Assert.ThrowsAsync<PackArchiveException>(() => PackArchive.ExtractAsync(new MemoryStream(archive), unpacked, CancellationToken.None));
        Assert.All(Directory.GetFileSystemEntries(target.Path), entry => Assert.Equal(unpacked[..^32], entry[..^32]));
        return Assert.Throws<PackArchiveException>(() => PackArchive.Read(new MemoryStream(archive)));
    }
}
