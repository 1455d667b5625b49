using System.CommandLine;
using System.Reflection;
using Attune.Cli.Output;
using Attune.V1;
using Grpc.Core;

namespace Attune.Cli.Commands;

static class ShowVersion
{
    public static Command Command() => new Command("version", "Versions of this program and of the server").Does(RunAsync);

    static async Task RunAsync(Invocation run, CancellationToken ct)
    {
        // Asked for by whoever cannot reach the server too: the answer is then the half that is known.
        GetVersionResponse? server = null;
        var unknown = "not reachable";
        try
        {
            server = await run.Client.System.GetVersionAsync(new(), cancellationToken: ct);
        }
        catch (RpcException failure) when (failure.StatusCode is not StatusCode.Cancelled)
        {
            unknown = failure.StatusCode is StatusCode.Unavailable ? unknown : failure.Status.Detail;
        }

        if (!run.Answer.IsTable)
        {
            var theirs = server is null ? "null" : WireJson.Of(server);
            run.Answer.Document($"{{\n  \"client\": {{ \"version\": \"{Own}\" }},\n  \"server\": {theirs.Replace("\n", "\n  ", StringComparison.Ordinal)}\n}}");
            return;
        }

        run.Terminal.Out.WriteLine($"attune {Own}");
        run.Terminal.Out.WriteLine(
            server is null ? $"server {run.Connection.Server}: {unknown}" : $"server {server.Version} {server.Commit}".TrimEnd());
    }

    static string Own
        => typeof(ShowVersion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "";
}
