using System.Formats.Tar;
using System.IO.Compression;
using Attune.Protos.Client;
using Attune.V1;
using Google.Protobuf;

namespace Attune.EndToEnd.Tests;

/// <summary>A pack that a test writes file by file and installs through the API, packed by nothing of ours.</summary>
public sealed class TestPack : IDisposable
{
    const int ChunkBytes = 256 << 10;
    const UnixFileMode Program = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("attune-pack-");
    readonly string name;

    public TestPack(string name)
    {
        this.name = name;
        Write("pack.yaml", $"ref: {name}\nlabel: {name}\ndescription: Written by a test\nversion: 1.0.0\n");
    }

    /// <summary>A pack that is there already; what a test adds to it stays in the copy.</summary>
    public static TestPack FromDirectory(string directory)
    {
        var pack = new TestPack(Path.GetFileName(directory));
        foreach (var file in Directory.EnumerateFiles(directory, "*", SearchOption.AllDirectories))
        {
            var copy = Path.Combine(pack.folder.FullName, Path.GetRelativePath(directory, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy, overwrite: true);
        }

        return pack;
    }

    /// <summary>A script of its own in bash.</summary>
    public TestPack Shell(string action, string script, string fields = "") => Script(action, "core.shell", $"{action}.sh", script, fields);

    /// <summary>A script of its own in Python.</summary>
    public TestPack Python(string action, string script, string fields = "") => Script(action, "core.python", $"{action}.py", script, fields);

    /// <summary>A script of its own in Node.js.</summary>
    public TestPack Node(string action, string script, string fields = "") => Script(action, "core.nodejs", $"{action}.js", script, fields);

    /// <summary>A program of this host, copied into the pack.</summary>
    public TestPack Native(string action, string program, string fields = "")
    {
        Describe(action, "core.native", $"{action}.bin", fields);
        var copy = Path.Combine(folder.FullName, "actions", $"{action}.bin");
        File.Copy(program, copy);
        File.SetUnixFileMode(copy, Program);
        return this;
    }

    public TestPack Write(string path, string content)
    {
        var file = Path.Combine(folder.FullName, path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, content);
        return this;
    }

    public async Task<InstallPackResponse> InstallAsync(AttuneClient client, CancellationToken ct)
    {
        using var archive = new MemoryStream();
        await using (var gzip = new GZipStream(archive, CompressionLevel.Fastest, leaveOpen: true))
            await TarFile.CreateFromDirectoryAsync(folder.FullName, gzip, includeBaseDirectory: false, ct);

        using var call = client.Packs.InstallPack(cancellationToken: ct);
        await call.RequestStream.WriteAsync(new() { Header = new() { RequestId = Guid.NewGuid().ToString("N"), Source = name } }, ct);
        foreach (var chunk in archive.ToArray().Chunk(ChunkBytes))
            await call.RequestStream.WriteAsync(new() { Chunk = ByteString.CopyFrom(chunk) }, ct);
        await call.RequestStream.CompleteAsync();
        return await call.ResponseAsync;
    }

    public void Dispose() => folder.Delete(recursive: true);

    TestPack Script(string action, string runtime, string file, string script, string fields)
    {
        Describe(action, runtime, file, fields);
        return Write($"actions/{file}", script);
    }

    void Describe(string action, string runtime, string file, string fields)
        => Write($"actions/{action}.yaml", $"ref: {name}.{action}\nlabel: {action}\nruntime: {runtime}\nentry_point: {file}\n{fields}\n");
}
