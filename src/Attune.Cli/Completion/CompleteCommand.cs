using Attune.Cli.Configuration;
using Attune.Protos.Client;
using Grpc.Core;

namespace Attune.Cli.Completion;

/// <summary>`attune __complete SHELL WORD…`: what the completion scripts call at every Tab. Not for people, so not in the help.</summary>
static class CompleteCommand
{
    public const string Name = "__complete";

    // Whoever pressed Tab waits.
    static readonly TimeSpan patience = TimeSpan.FromSeconds(2);

    public static async Task<int> RunAsync(IReadOnlyList<string> args, CancellationToken ct)
    {
        var isBash = args is ["bash", ..];
        var words = args.Skip(1).ToList();
        var at = Cursor.Locate(CommandLine.Build(), isBash ? BashWords.Join(words) : words);
        var proposal = await Completer.ProposeAsync(at, (suggest, before) => AskAsync(suggest, before, ct));
        foreach (var (text, meaning) in proposal.Candidates)
        {
            var line = isBash ? BashWords.Tail(text, at.Word) : meaning is "" ? text : $"{text}\t{meaning}";
            Console.Out.WriteLine(line);
        }

        if (proposal.Directive is not "")
            Console.Out.WriteLine(proposal.Directive);
        return ExitCode.Ok;
    }

    // A server that is away, or a login that has ended, must not disturb somebody who is typing.
    static async Task<IEnumerable<string>> AskAsync(Suggest suggest, IReadOnlyList<string> before, CancellationToken ct)
    {
        try
        {
            var file = new ConfigurationFile(ConfigurationFile.DefaultPath(Environment.GetEnvironmentVariable), TextWriter.Null);
            var connection = Connection.Resolve(file.Read(), null, null, Environment.GetEnvironmentVariable);
            var options = connection.Options(connection.Credentials(file, TimeProvider.System));
            using var client = new AttuneClient(options with { AttemptsMax = 1, Timeout = patience });
            return await suggest(client, before, ct);
        }
        catch (Exception away) when (away is RpcException or CommandFailure or ArgumentException or FormatException or IOException)
        {
            return [];
        }
    }
}
