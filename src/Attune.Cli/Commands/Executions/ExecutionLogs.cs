using System.CommandLine;
using Attune.Cli.Following;
using Attune.V1;

namespace Attune.Cli.Commands.Executions;

static class ExecutionLogs
{
    static readonly Argument<string> id = ExecutionIds.One();
    static readonly Option<bool> follow = new("--follow", "-f") { Description = "Go on until it ends, and end as it ends" };
    static readonly Option<string[]> streams = Streams();

    public static Command Command()
        => new Command("logs", "What an execution wrote: its stdout on stdout, the rest on stderr. Of a workflow: what its tasks wrote, each line with its task").With(id, follow, streams).Does(RunAsync);

    static async Task<int> RunAsync(Invocation run, CancellationToken ct)
    {
        var executionId = ExecutionIds.Parse(run.Get(id));
        var chosen = (run.Get(streams) ?? []).Select(name => Enum.Parse<LogStream>(name, ignoreCase: true)).ToList();
        if (run.Get(follow))
            return await new FollowToEnd(run).RunAsync(executionId, chosen, ct);
        if (run.Answer.IsTable)
        {
            var log = new LogFollower(run);
            await log.StreamAsync(executionId, follow: false, chosen, ct);
            log.EndLine();
        }
        else
        {
            run.Answer.List(await ChunksAsync(run, executionId, chosen, ct), "");
        }

        return ExitCode.Ok;
    }

    static async Task<IReadOnlyList<LogChunk>> ChunksAsync(
        Invocation run, long executionId, IEnumerable<LogStream> chosen, CancellationToken ct)
    {
        var request = new StreamExecutionLogsRequest { ExecutionId = executionId };
        request.Streams.AddRange(chosen);
        using var call = run.Client.Executions.StreamExecutionLogs(request, cancellationToken: ct);
        var chunks = new List<LogChunk>();
        while (await call.ResponseStream.MoveNext(ct))
            chunks.AddRange(call.ResponseStream.Current.Chunks);
        return chunks;
    }

    static Option<string[]> Streams()
    {
        var option = new Option<string[]>("--stream") { Description = "Only this one; may repeat", HelpName = "STREAM" };
        return option.AcceptOnlyFromAmong("stdout", "stderr", "system");
    }
}
