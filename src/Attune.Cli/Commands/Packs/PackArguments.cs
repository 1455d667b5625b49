using System.CommandLine;
using Attune.Cli.Completion;

namespace Attune.Cli.Commands.Packs;

static class PackArguments
{
    public static Suggested<string> Ref() => new("REF", Suggestions.PackRefsAsync) { Description = "Ref of the pack" };

    public static Argument<DirectoryInfo> Directory()
        => new Argument<DirectoryInfo>("DIR") { Description = "The pack's folder, which holds pack.yaml" };
}
