using System.CommandLine;
using Attune.Cli.Output;

namespace Attune.Cli;

/// <summary>What every command understands.</summary>
static class GlobalOptions
{
    public static readonly Option<string> Output = new Option<string>("--output", "-o")
    {
        Description = "table, json or yaml",
        HelpName = "FORMAT",
        Recursive = true,
        DefaultValueFactory = _ => "table",
    }.AcceptOnlyFromAmong("table", "json", "yaml");

    public static readonly Option<string?> Server = new("--server")
    {
        Description = "Address of the control plane (ATTUNE_SERVER)",
        HelpName = "URL",
        Recursive = true,
    };

    public static readonly Option<string?> Profile = new("--profile")
    {
        Description = "Which login to use (ATTUNE_PROFILE)",
        HelpName = "NAME",
        Recursive = true,
    };

    public static readonly Option<bool> NoColour = new("--no-color") { Description = "No colours (NO_COLOR)", Recursive = true };

    public static readonly Option<bool> Quiet = new("--quiet", "-q")
    {
        Description = "Only what a script needs: ids, refs, the job's own output",
        Recursive = true,
    };

    public static readonly Option<bool> Verbose = new("--verbose") { Description = "Say more when something fails", Recursive = true };

    public static IEnumerable<Option> All => [Output, Server, Profile, NoColour, Quiet, Verbose];

    public static OutputFormat Format(ParseResult parsed) => parsed.GetValue(Output) switch
    {
        "json" => OutputFormat.Json,
        "yaml" => OutputFormat.Yaml,
        _ => OutputFormat.Table,
    };
}
