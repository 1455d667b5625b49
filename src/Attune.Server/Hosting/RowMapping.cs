using System.Runtime.CompilerServices;

namespace Attune.Server.Hosting;

static class RowMapping
{
    // Columns are spelled snake_case and properties PascalCase everywhere; whoever opens a connection first must find it so.
    [ModuleInitializer]
    internal static void Set() => Dapper.DefaultTypeMap.MatchNamesWithUnderscores = true;
}
