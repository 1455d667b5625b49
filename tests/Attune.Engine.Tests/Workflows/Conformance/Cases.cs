using System.Text;

namespace Attune.Engine.Tests.Workflows.Conformance;

/// <summary>The files of `workflows/`, and their index.</summary>
static class Cases
{
    // In the order of the index; a case belongs to one of them.
    static readonly string[] Topics =
    [
        "Order and branches", "Transitions", "Publishing", "Joins", "Cycles", "with_items", "Retries, delays and timeouts",
        "When something fails", "Sub-workflows", "Output and names", "Inquiries", "Cancelling", "Pausing", "Rerunning", "Editing",
        "Reports that mean nothing",
    ];

    public static string Folder { get; } = Path.Combine(Repository.Root, "tests", "Attune.Engine.Tests", "Workflows", "workflows");

    public static string IndexPath => Path.Combine(Folder, "README.md");

    public static IReadOnlyList<string> Names { get; } =
        [.. Directory.GetFiles(Folder, "*.yaml").Select(file => Path.GetFileNameWithoutExtension(file)).Order(StringComparer.Ordinal)];

    public static Case Read(string name) => CaseReader.Read(name, Text(name));

    public static string Text(string name) => File.ReadAllText(Path.Combine(Folder, $"{name}.yaml"));

    /// <exception cref="CaseException">A case has another topic than those there are.</exception>
    public static string Index()
    {
        var byTopic = Names.Select(Read).ToLookup(story => story.Topic);
        if (byTopic.FirstOrDefault(topic => !Topics.Contains(topic.Key)) is { } stray)
            throw new CaseException($"{stray.First().Name}: '{stray.Key}' is no topic. Topics: {string.Join("; ", Topics)}.");

        var page = new StringBuilder(Introduction);
        foreach (var topic in Topics.Where(byTopic.Contains))
        {
            page.Append("\n## ").Append(topic).Append("\n\n");
            foreach (var story in byTopic[topic])
                page.Append("- [").Append(story.Name).Append("](").Append(story.Name).Append(".yaml): ").Append(story.About).Append('\n');
        }

        return page.ToString();
    }

    const string Introduction = """
        # What workflows do, case by case

        Each file is a small workflow, what its tasks do in pretend time, and all that comes of it; `ConformanceTests` plays them with the conductor
        and [docs/workflows.md](../../../../docs/workflows.md) is what they hold it to. This page is written by a test from their `about` lines:
        `ATTUNE_SNAPSHOT=write ./dev test Engine` rewrites it.

        | Field | Meaning |
        |---|---|
        | `topic`, `about` | where this page has it, and what it shows |
        | `workflow` | as its file would be; `workflows` are those that its tasks call, by ref |
        | `parameters`, `pack_config` | what it is started with |
        | `action` | `timeout` and `retry` of the action that it is |
        | `script` | what executions of a task do: one outcome for all, or a list in the order of their starts; with `items` a list by item, each one outcome or a list of tries. A task that is not there completes after 1s and gives `{}`. Those of a sub-workflow go by `caller/task` |
        | an outcome | `result` (`answer` of an inquiry) or `failed`, `timeout`, `cancelled`, `abandoned` (with `REASON: message` or without), or `never`; `after` (1s); `stops_after`, once it is cancelled (0s). `result` and `after` may be templates over the `input` |
        | `meanwhile` | at a time: `pause`, `resume`, `cancel`, `rerun`, `edit` (of one `item`) with `input` or `result`, a `report` out of turn, `wake`; `of` a sub-workflow |
        | `expect.sequence` | everything that starts, ends and is done to it, with its time: `start TASK[item] again (1 of 2) in wave 1 {input} for TIMEOUT on LABELS` |
        | `expect.check` | what `attune workflow check` finds in it; nothing unless said |
        | `expect` | `status`, `output` ({} unless said), `error` (none unless said), `variables`, and `tasks` that matter. `…` in a message stands for anything |

        The host also reads every state from what was stored, takes each step twice, replays the whole with and without putting happenings together,
        wakes the workflow when nothing is due, and gives values only when they are asked for; nothing of that may change anything.

        """;
}
