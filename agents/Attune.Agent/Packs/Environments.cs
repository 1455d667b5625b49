using System.Security.Cryptography;
using System.Text;
using Attune.Agent.Running;
using Attune.V1;
using Google.Protobuf.Collections;
using Google.Protobuf.WellKnownTypes;
using Microsoft.Extensions.Logging;

namespace Attune.Agent.Packs;

/// <summary>
/// Virtual environments and module folders, one per pack, runtime and content of the manifest, built when first needed. One that is complete has a file
/// beside it that says so: what an interrupted build leaves is built anew.
/// </summary>
public sealed partial class Environments(
    ProcessLoop processes, AgentPaths paths, Func<EnvironmentReport, CancellationToken, ValueTask> report, TimeProvider clock,
    ILogger<Environments> logger)
{
    const long ManifestMax = 1 << 20;
    static readonly TimeSpan StepTimeout = TimeSpan.FromMinutes(30);

    readonly Lock gate = new();
    readonly Dictionary<string, Task<string>> builds = [];

    /// <summary>Builds it where it is missing; concurrent callers wait for the same build, and after a failure the next caller tries again.</summary>
    /// <param name="building">Called once by whoever has to wait for a build.</param>
    /// <returns>Its directory; null when the runtime has none or the release has no manifest for one.</returns>
    /// <exception cref="EnvironmentFailedException">A step of the build failed; the message holds the end of its log.</exception>
    internal async Task<string?> GetAsync(ActionSpec spec, string packDirectory, Func<ValueTask> building, CancellationToken ct)
    {
        var runtime = spec.Runtime;
        if (runtime is null || runtime.EnvironmentType.Length == 0 || Manifest(runtime, packDirectory) is not { } manifest)
        {
            return null;
        }

        var name = await NameAsync(spec, manifest, ct);
        var folder = Path.Combine(paths.Environments, name);
        if (File.Exists(Ready(folder)))
        {
            return folder;
        }

        Task<string> build;
        lock (gate)
        {
            // It may have become ready since.
            if (File.Exists(Ready(folder)))
            {
                return folder;
            }

            // The callers share it, so it does not end with the patience of any one of them.
            if (!builds.TryGetValue(name, out build!) || build.IsCompleted)
            {
                builds[name] = build = BuildAsync(spec, folder, packDirectory, manifest, CancellationToken.None);
            }
        }

        await building();
        return await build.WaitAsync(ct);
    }

    static string Ready(string folder) => folder + ".ready";

    // Without a manifest there is nothing to install, so the plain interpreter does.
    static string? Manifest(RuntimeSpec runtime, string packDirectory)
    {
        if (runtime.DependenciesManifest.Length == 0)
        {
            return "";
        }

        var path = Path.GetFullPath(Path.Combine(packDirectory, runtime.DependenciesManifest));
        return path.StartsWith(packDirectory + '/', StringComparison.Ordinal) && File.Exists(path) ? path : null;
    }

    static async Task<string> NameAsync(ActionSpec spec, string manifest, CancellationToken ct)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        if (manifest.Length > 0)
        {
            if (new FileInfo(manifest).Length > ManifestMax)
            {
                throw new EnvironmentFailedException($"{spec.Runtime.DependenciesManifest} is larger than {ManifestMax >> 20} MiB.", "");
            }

            // With a lock file beside it, that one decides what is installed.
            hash.AppendData(await File.ReadAllBytesAsync(manifest, ct));
            var exact = Path.ChangeExtension(manifest, null) + "-lock" + Path.GetExtension(manifest);
            hash.AppendData(File.Exists(exact) ? await File.ReadAllBytesAsync(exact, ct) : []);
        }

        foreach (var part in (IEnumerable<string>)[.. spec.Runtime.EnvironmentCreate, "", .. spec.Runtime.DependenciesInstall])
        {
            hash.AppendData(Encoding.UTF8.GetBytes(part + '\0'));
        }

        return $"{spec.PackRef}-{spec.RuntimeRef}-{Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, 12))}";
    }

    async Task<string> BuildAsync(ActionSpec spec, string folder, string packDirectory, string manifest, CancellationToken ct)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        var log = new StringBuilder();
        await ReportAsync(spec, folder, EnvironmentStatus.Installing, log, "", ct);
        try
        {
            Trees.Delete(folder);
            Directory.CreateDirectory(folder);
            await StepAsync(spec.Runtime.EnvironmentCreate, folder, packDirectory, manifest, log, ct);
            await StepAsync(spec.Runtime.DependenciesInstall, folder, packDirectory, manifest, log, ct);
            await File.WriteAllTextAsync(Ready(folder), spec.ReleaseDigest, ct);
        }
        catch (Exception failure)
        {
            // Whatever it was, the control plane has to know that this host cannot run the pack.
            Trees.Delete(folder);
            BuildFailed(logger, spec.PackRef, spec.RuntimeRef, failure.Message);
            await ReportAsync(spec, folder, EnvironmentStatus.Failed, log, failure.Message, ct);
            throw;
        }

        BuildDone(logger, spec.PackRef, spec.RuntimeRef, folder);
        await ReportAsync(spec, folder, EnvironmentStatus.Ready, log, "", ct);
        return folder;
    }

    async Task StepAsync(
        RepeatedField<string> command, string folder, string packDirectory, string manifest, StringBuilder log, CancellationToken ct)
    {
        if (command.Count == 0)
        {
            return;
        }

        var parts = command.Select(part => part
            .Replace("{env_dir}", folder, StringComparison.Ordinal)
            .Replace("{pack_dir}", packDirectory, StringComparison.Ordinal)
            .Replace("{manifest}", manifest, StringComparison.Ordinal)).ToList();
        log.Append("$ ").AppendJoin(' ', parts).Append('\n');
        if (Interpreters.Find(parts[0]) is not { } file)
        {
            throw new EnvironmentFailedException($"There is no program {parts[0]} on this host.", "");
        }

        var temporary = folder + ".tmp";
        try
        {
            Directory.CreateDirectory(temporary);
            var start = new ProcessStart
            {
                File = file,
                Arguments = parts[1..],
                Environment = RunEnvironment.ForInstalling(temporary),
                Directory = packDirectory,
                Owner = paths.Owner,
                Timeout = StepTimeout,
            };
            var end = await ShortCommand.RunAsync(processes, start, ct);
            log.Append(end.Output);
            if (!end.IsOk)
            {
                var how = end.ExitCode is { } code ? $"ended with exit code {code}" : "did not run to its end";
                throw new EnvironmentFailedException($"{Path.GetFileName(file)} {how}.", end.Output);
            }
        }
        finally
        {
            Trees.Delete(temporary);
        }
    }

    async Task ReportAsync(ActionSpec spec, string folder, EnvironmentStatus status, StringBuilder log, string error, CancellationToken ct)
    {
        const int LogMax = 64 * 1024;
        var text = log.ToString();
        await report(
            new EnvironmentReport
            {
                PackRef = spec.PackRef,
                RuntimeRef = spec.RuntimeRef,
                ReleaseDigest = spec.ReleaseDigest,
                EnvPath = folder,
                Status = status,
                InstallLog = Tail.OfBytes(text, LogMax),
                InstallError = error,
                Time = Timestamp.FromDateTimeOffset(clock.GetUtcNow()),
            },
            ct);
    }

    [LoggerMessage(LogLevel.Information, "The environment of {PackRef} for {RuntimeRef} is ready in {Folder}")]
    static partial void BuildDone(ILogger logger, string packRef, string runtimeRef, string folder);

    [LoggerMessage(LogLevel.Warning, "The environment of {PackRef} for {RuntimeRef} could not be built; its runs fail until it can: {Reason}")]
    static partial void BuildFailed(ILogger logger, string packRef, string runtimeRef, string reason);
}

/// <summary>A pack's environment could not be built on this host.</summary>
sealed class EnvironmentFailedException(string what, string log) : Exception($"{what}{(log.Length == 0 ? "" : '\n' + Tail.OfBytes(log.TrimEnd('\n'), 4096))}");
