using System.CommandLine;
using Attune.V1;

namespace Attune.Cli.Commands.Packs;

static class InstallPack
{
    static readonly Argument<DirectoryInfo> directory = PackArguments.Directory();

    public static Command Command()
        => new Command("install", "Install a pack from a folder, or a new release of it").With(directory).Does(RunAsync);

    static async Task RunAsync(Invocation run, CancellationToken ct)
    {
        var pack = LocalPack.Read(run.Get(directory)!);
        if (pack.Problems() is { } problems)
            throw problems;

        var archive = pack.Archive();
        var answer = await run.Progress.SpinAsync($"Installing {pack.Ref} {pack.Version}", async progress =>
        {
            using var call = run.Client.Packs.InstallPack(cancellationToken: ct);
            var header = new InstallPackHeader { RequestId = Guid.NewGuid().ToString("N"), Source = pack.Directory.Name };
            await call.RequestStream.WriteAsync(new() { Header = header }, ct);
            return await call.SendAsync(archive, chunk => new InstallPackRequest { Chunk = chunk }, progress, ct);
        });
        Report(run, answer);
    }

    static void Report(Invocation run, InstallPackResponse answer)
    {
        run.Answer.Done(
            answer,
            answer.Changed
                ? $"Installed {answer.Pack.Ref} {answer.Pack.Version} ({answer.Pack.ReleaseDigest[..Math.Min(12, answer.Pack.ReleaseDigest.Length)]})."
                : $"{answer.Pack.Ref} {answer.Pack.Version} is installed already, exactly like this.");
        if (!run.Answer.IsTable || !answer.Changed)
            return;

        foreach (var part in answer.InstalledRefs)
            run.Answer.Note($"  {part}");
        foreach (var part in answer.RemovedRefs)
            run.Answer.Note($"  removed {part}");
    }
}
