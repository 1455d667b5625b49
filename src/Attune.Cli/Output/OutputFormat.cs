namespace Attune.Cli.Output;

enum OutputFormat
{
    Table,
    Json,
    Yaml,
}
