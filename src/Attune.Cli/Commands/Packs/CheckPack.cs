using System.CommandLine;
using Attune.Cli.Output;
using Attune.V1;
using PackProblem = Attune.V1.PackProblem;

namespace Attune.Cli.Commands.Packs;

static class CheckPack
{
    static readonly Argument<DirectoryInfo> directory = PackArguments.Directory();
    static readonly Option<bool> remote = new("--remote")
    {
        Description = "Let the server check it too: against what is installed there",
    };

    public static Command Command()
        => new Command("check", "Check a pack's files; needs no server").With(directory, remote).Does(RunAsync);

    static async Task<int> RunAsync(Invocation run, CancellationToken ct)
    {
        var pack = LocalPack.Read(run.Get(directory)!);
        var answer = pack.Reading.Problems.Count is 0 && run.Get(remote) ? await AskServerAsync(run, pack, ct) : Local(pack);
        if (!run.Answer.IsTable)
            run.Answer.Document(WireJson.Of(answer));
        else if (answer.Problems.Count is 0)
            run.Answer.Note($"{answer.PackRef} {answer.Version}: no problems.");
        else
            Write(run, pack, answer);
        return answer.Problems.Count is 0 ? ExitCode.Ok : ExitCode.Usage;
    }

    // The problems are what was asked for, so they are on stdout.
    static void Write(Invocation run, LocalPack pack, CheckPackResponse answer)
    {
        foreach (var problem in answer.Problems)
        {
            var said = new Attune.Packs.PackProblem(problem.File, problem.Line, problem.Field, problem.Message);
            run.Terminal.Out.WriteLine(new Cell(Path.Combine(pack.Directory.ToString(), said.ToString())).Printable);
        }

        run.Answer.Note(LocalPack.Count(answer.Problems.Count));
    }

    static CheckPackResponse Local(LocalPack pack)
    {
        var answer = new CheckPackResponse { PackRef = pack.Ref, Version = pack.Version };
        answer.Problems.Add(pack.Reading.Problems.Select(problem => new PackProblem
        {
            File = problem.File,
            Line = problem.Line,
            Field = problem.Field,
            Message = problem.Message,
        }));
        return answer;
    }

    static async Task<CheckPackResponse> AskServerAsync(Invocation run, LocalPack pack, CancellationToken ct)
    {
        var archive = pack.Archive();
        return await run.Progress.SpinAsync($"Checking {pack.Ref}", async progress =>
        {
            using var call = run.Client.Packs.CheckPack(cancellationToken: ct);
            return await call.SendAsync(archive, chunk => new CheckPackRequest { Chunk = chunk }, progress, ct);
        });
    }
}
