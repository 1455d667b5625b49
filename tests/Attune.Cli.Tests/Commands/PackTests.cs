using System.Text.Json;
using Attune.Packs;
using Attune.Packs.Archives;

namespace Attune.Cli.Tests.Commands;

public sealed class PackTests
{
    const string Manifest = "ref: edge\nlabel: Edge\nversion: 1.4.0\n";
    const string Action = "ref: edge.hello\nlabel: Hello\nruntime: core.shell\nentry_point: hello.sh\n";

    [Fact]
    public async Task A_check_lists_every_problem_with_its_line_and_needs_no_server()
    {
        await using var bench = await CliBench.StartAsync();
        bench.Write("edge/pack.yaml", Manifest + "colour: red\n");
        bench.Write("edge/actions/hello.yaml", Action + "lable: Twice\n");

        var check = await bench.RunAsync("pack", "check", Path.Combine(bench.Folder, "edge"), "--server", "http://127.0.0.1:1");

        Assert.Equal(2, check.ExitCode);
        Assert.Contains("pack.yaml:4 colour", check.Output);
        Assert.Contains("actions/hello.yaml:5 lable", check.Output);
        Assert.Empty(bench.Plane.Calls);
    }

    [Fact]
    public async Task A_good_pack_passes_the_check()
    {
        await using var bench = await CliBench.StartAsync();
        WritePack(bench);

        var check = await bench.RunAsync("pack", "check", Path.Combine(bench.Folder, "edge"), "-o", "json");

        Assert.Equal(0, check.ExitCode);
        Assert.Equal("edge", JsonDocument.Parse(check.Output).RootElement.GetProperty("pack_ref").GetString());
    }

    [Fact]
    public async Task An_installed_archive_is_the_folder()
    {
        await using var bench = await CliBench.StartAsync();
        WritePack(bench);
        var folder = Path.Combine(bench.Folder, "edge");
        // More than one chunk.
        bench.Write("edge/lib/big.bin", new string('x', 1_300_000));

        var install = await bench.RunAsync("pack", "install", folder);

        Assert.Equal(0, install.ExitCode);
        var (header, archive) = Assert.Single(bench.Plane.Packs.Installed);
        Assert.Equal("edge", header.Source);
        Assert.NotEqual("", header.RequestId);
        Assert.Equal(PackArchive.Write(PackReader.ReadDirectory(folder).Files), archive);
        Assert.Contains("action edge.hello", install.Errors);
    }

    [Fact]
    public async Task A_bad_pack_is_not_sent()
    {
        await using var bench = await CliBench.StartAsync();
        bench.Write("edge/pack.yaml", Manifest + "colour: red\n");

        var install = await bench.RunAsync("pack", "install", Path.Combine(bench.Folder, "edge"));

        Assert.Equal(2, install.ExitCode);
        Assert.Contains("pack.yaml:4 colour", install.Errors);
        Assert.Empty(bench.Plane.Calls);
    }

    [Fact]
    public async Task A_refusal_in_the_middle_of_the_upload_is_reported_as_what_it_is()
    {
        await using var bench = await CliBench.StartAsync();
        bench.Plane.Packs.RefusesEarly = true;
        WritePack(bench);
        bench.Write("edge/lib/big.bin", new string('x', 8_000_000));

        var install = await bench.RunAsync("pack", "install", Path.Combine(bench.Folder, "edge"));

        Assert.Equal(2, install.ExitCode);
        Assert.Contains("The core pack comes with the server.", install.Errors);
    }

    [Fact]
    public async Task Removing_asks_first()
    {
        await using var bench = await CliBench.StartAsync();

        var unasked = await bench.RunAsync("pack", "remove", "edge");
        var refused = await bench.OnTerminalAsync("n\r", "pack remove edge");
        var before = bench.Plane.CountOf("RemovePack");
        var removed = await bench.RunAsync("pack", "remove", "edge", "--yes");

        Assert.Equal((2, 2, 0, 0), (unasked.ExitCode, refused.ExitCode, before, removed.ExitCode));
        Assert.Contains("--yes", unasked.Errors);
    }

    static void WritePack(CliBench bench)
    {
        bench.Write("edge/pack.yaml", Manifest);
        bench.Write("edge/actions/hello.yaml", Action);
        bench.Write("edge/actions/hello.sh", "#!/bin/sh\necho hello\n");
    }
}
