using Attune.Benchmarks.Installations;

namespace Attune.Benchmarks.Events;

/// <summary>A trigger with three rules, of which an event of kind `a` matches one.</summary>
static class EventPack
{
    public const string TriggerRef = "benchevents.happened";

    public static async Task InstallAsync(Installation installation, CancellationToken ct)
    {
        var directory = Path.Combine(installation.Postgres.Scratch, "benchevents");
        async Task WriteAsync(string path, string content)
        {
            var file = Path.Combine(directory, path);
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            await File.WriteAllTextAsync(file, content, ct);
        }

        await WriteAsync("pack.yaml", "ref: benchevents\nlabel: Benchmark\ndescription: What ./dev bench emits\nversion: 1.0.0\n");
        await WriteAsync("triggers/happened.yaml", """
            ref: benchevents.happened
            label: Something happened
            output:
              kind: {type: string, required: true}
              size: {type: integer, required: true}
              host: {type: string, required: true}
            """);
        await WriteAsync("rules/match.yaml", Rule("match", """{field: kind, operator: equals, value: a}, {field: size, operator: greater_than, value: 10}"""));
        await WriteAsync("rules/other_kind.yaml", Rule("other_kind", """{field: kind, operator: equals, value: b}"""));
        await WriteAsync("rules/too_small.yaml", Rule("too_small", """{field: size, operator: greater_than, value: 100000}"""));
        await installation.InstallPackAsync(directory, ct);
    }

    static string Rule(string name, string conditions) => $$"""
        ref: benchevents.{{name}}
        label: {{name}}
        trigger: benchevents.happened
        conditions:
          all: [{{conditions}}]
        action: core.noop
        """;
}
