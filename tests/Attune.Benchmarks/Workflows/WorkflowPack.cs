using Attune.Benchmarks.Installations;

namespace Attune.Benchmarks.Workflows;

/// <summary>What the workflow benchmarks run: chains, many items, and one that waits.</summary>
static class WorkflowPack
{
    public const int ChainLength = 10;
    public const string Chain = "benchflows.chain";
    public const string Items = "benchflows.items";
    public const string Waiting = "benchflows.waiting";

    public static async Task InstallAsync(Installation installation, CancellationToken ct)
    {
        var directory = Path.Combine(installation.Postgres.Scratch, "benchflows");
        async Task WriteAsync(string path, string content)
        {
            var file = Path.Combine(directory, path);
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            await File.WriteAllTextAsync(file, content, ct);
        }

        async Task WriteWorkflowAsync(string name, string parameters, string graph)
        {
            await WriteAsync($"actions/{name}.yaml", $"""
                ref: benchflows.{name}
                label: {name}
                workflow_file: workflows/{name}.workflow.yaml
                parameters: {parameters}
                timeout_seconds: 86400
                """);
            await WriteAsync($"actions/workflows/{name}.workflow.yaml", graph);
        }

        await WriteAsync("pack.yaml", "ref: benchflows\nlabel: Benchmark\ndescription: Workflows that ./dev bench runs\nversion: 1.0.0\n");
        var steps = Enumerable.Range(1, ChainLength).Select(step => step < ChainLength
            ? $"  step_{step}: {{action: core.noop, next: [{{do: step_{step + 1}}}]}}"
            : $"  step_{step}: {{action: core.noop}}");
        await WriteWorkflowAsync("chain", "{}", $"version: 1.0.0\ntasks:\n{string.Join('\n', steps)}\n");
        await WriteWorkflowAsync("items", "{count: {type: integer, required: true}}", """
            version: 1.0.0
            tasks:
              each:
                action: core.noop
                with_items: "{{ range(parameters.count) }}"
                concurrency: 200
            """);
        await WriteWorkflowAsync("waiting", "{}", """
            version: 1.0.0
            tasks:
              first: {action: core.noop, next: [{do: later}]}
              later: {action: core.noop, delay: 36000}
            """);
        await installation.InstallPackAsync(directory, ct);
    }
}
