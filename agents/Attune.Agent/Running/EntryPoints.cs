using System.Collections.Frozen;
using Attune.Agent.Packs;
using Attune.V1;
using Microsoft.Extensions.Logging;

namespace Attune.Agent.Running;

/// <summary>What an entry point of a pack needs to be started on this host: the release, its environment, an interpreter. The same for actions and sensors.</summary>
sealed partial class EntryPoints(ReleaseCache releases, Environments environments, ILogger logger)
{
    volatile FrozenDictionary<string, string> found = FrozenDictionary<string, string>.Empty;

    /// <summary>What the detector found here: used where an interpreter's name is not on the PATH.</summary>
    public void UseRuntimes(IReadOnlyList<FoundRuntime> runtimes)
        => found = runtimes.Where(each => each.Path.Length > 0).DistinctBy(each => each.RuntimeRef).ToFrozenDictionary(each => each.RuntimeRef, each => each.Path);

    /// <exception cref="RefusedException">RELEASE_UNAVAILABLE.</exception>
    public async Task<HeldRelease> HoldAsync(ActionSpec spec, CancellationToken ct)
    {
        try
        {
            return await releases.HoldAsync(spec.ReleaseDigest, ct);
        }
        catch (Exception failure) when (failure is not OperationCanceledException || !ct.IsCancellationRequested)
        {
            ReleaseUnavailable(logger, failure, spec.ReleaseDigest);
            throw new RefusedException("RELEASE_UNAVAILABLE", $"Release {spec.ReleaseDigest} of {spec.PackRef} could not be had: {failure.Message}");
        }
    }

    /// <returns>Null: it needs none.</returns>
    /// <exception cref="EnvironmentFailedException">It could not be built.</exception>
    public Task<string?> EnvironmentAsync(ActionSpec spec, string packDirectory, Func<ValueTask> building, CancellationToken ct)
        => environments.GetAsync(spec, packDirectory, building, ct);

    /// <returns>The program and its arguments.</returns>
    /// <exception cref="RefusedException">START_FAILED: the file or the interpreter is missing.</exception>
    public (string File, IReadOnlyList<string> Arguments) Resolve(ActionSpec spec, string packDirectory, string? environmentDirectory)
    {
        var entryPoint = Path.GetFullPath(Path.Combine(packDirectory, spec.EntryPoint));
        if (!entryPoint.StartsWith(packDirectory + '/', StringComparison.Ordinal) || !File.Exists(entryPoint))
        {
            throw new RefusedException("START_FAILED", $"The release has no file {spec.EntryPoint}.");
        }

        return Interpreter(spec, packDirectory, environmentDirectory) is { } interpreter
            ? (interpreter, [.. spec.Runtime.InterpreterArgs, entryPoint])
            : (entryPoint, []);
    }

    /// <returns>Null: the entry point is itself the program.</returns>
    string? Interpreter(ActionSpec spec, string packDirectory, string? environmentDirectory)
    {
        var runtime = spec.Runtime;
        if (runtime is null || runtime.InterpreterBinary.Length == 0)
        {
            return null;
        }

        var name = environmentDirectory is not null && runtime.EnvironmentInterpreter.Length > 0 ? runtime.EnvironmentInterpreter : runtime.InterpreterBinary;
        name = name.Replace("{env_dir}", environmentDirectory, StringComparison.Ordinal).Replace("{pack_dir}", packDirectory, StringComparison.Ordinal);
        return Interpreters.Find(name) ?? found.GetValueOrDefault(spec.RuntimeRef)
            ?? throw new RefusedException("START_FAILED", $"There is no program {name} on this host.");
    }

    [LoggerMessage(LogLevel.Warning, "Release {Digest} could not be had; what needs it fails, and the next one tries again")]
    static partial void ReleaseUnavailable(ILogger logger, Exception failure, string digest);
}
