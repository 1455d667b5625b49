using System.CommandLine;

namespace Attune.Cli.Commands;

static class Confirmation
{
    public static readonly Option<bool> Yes = new("--yes", "-y") { Description = "Do not ask" };
}
