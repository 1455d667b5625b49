using System.Reflection;

namespace Attune.Server.Hosting;

/// <summary>What was built, and from which commit ("" outside a git clone).</summary>
static class ServerVersion
{
    static readonly string[] Parts = (typeof(ServerVersion).Assembly
        .GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "").Split('+', 2);

    public static string Number => Parts[0];

    public static string Commit => Parts.ElementAtOrDefault(1) ?? "";

    /// <summary>The agents' protocol versions that this server speaks.</summary>
    public static IReadOnlyList<int> WorkerProtocols { get; } = [1];
}
