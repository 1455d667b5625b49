using Attune.Engine.Versions;
using Attune.Packs;
using Attune.Server.Hosting;

namespace Attune.Server.Packs;

/// <summary>
/// Installs the built-in pack that lies beside the server's program, before the server listens. The same content again changes nothing,
/// replicas that start together wait for each other, and an older server leaves a newer one's pack alone.
/// </summary>
sealed partial class CorePackLoader(InstallPack install, PackStore store, ILogger<CorePackLoader> logger) : IHostedService
{
    static string BesideServer => Path.Combine(AppContext.BaseDirectory, "packs", "core");

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (!Directory.Exists(BesideServer))
            throw new OperatorException($"The built-in pack is missing: there is no {BesideServer}. Install the server again.");

        await RunAsync(BesideServer, cancellationToken);
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    internal async Task RunAsync(string directory, CancellationToken ct)
    {
        var (files, reading) = PackReader.ReadDirectory(directory);
        if (reading.Content is not { } content)
            throw new OperatorException($"The built-in pack is damaged: {string.Join("; ", reading.Problems)}. Install the server again.");

        if (await store.FindAsync(content.Manifest.Ref, ct) is { } present
            && SemVersion.TryParse(present.Version, out var installed) && SemVersion.TryParse(content.Manifest.Version, out var own)
            && installed > own)
        {
            LogNewerPresent(present.Version, content.Manifest.Version);
            return;
        }

        var command = new InstallCommand { Files = files, Source = "built in", InstalledBy = null, IsStandard = true };
        if (!(await install.RunAsync(command, ct)).IsOk(out _, out var failure))
            throw new OperatorException($"The built-in pack could not be installed: {failure.Message}");
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "The database has core pack {Installed}; this server's older {Own} is left out")]
    partial void LogNewerPresent(string installed, string own);
}
