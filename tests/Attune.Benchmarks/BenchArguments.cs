using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Attune.Benchmarks;

/// <summary>What `./dev bench` was asked for.</summary>
sealed record BenchArguments
{
    public const string Usage = """
        Measures Attune against a baseline taken in the same run. Starts what it needs and removes it again.

          ./dev bench [NAME…] [--repeats N] [--seconds N] [--json FILE] [--profile]

          noop       no-op executions per second, end to end and durable, against pgbench on the same table
          latency    idle: StartExecution called until the no-op begins, against one insert, one empty call and one hop
          process    executions per second that start /bin/true, against a bare Process.Start loop
          events     events per second through three rules, one of which starts a no-op, until that completed, against no-ops alone
          rules      conditions evaluated per second on one core, and one event met by 10,000 rules
          webhook    a signed request until it is answered, against one insert and one empty call
          timers     processor time of a fire among 100,000 timers, against the same among 1,000
          workflows  tasks of workflows per second, many chains of ten no-ops at once, against no-ops alone
          successor  idle: from the end of a task until its successor begins, against a plain start
          items      a with_items over 10,000: time in all, and rows written per item against one over 1,000
          paused     what 5,000 paused workflows cost per second, against none
          agent      size of the published agent, its memory when idle, its time to ready

          --repeats N   of every benchmark and its baseline, in turn (default 5)
          --seconds N   that one measurement lasts (default 5)
          --json FILE   all repeats, for a program to compare
          --profile     CPU seconds per thousand executions, by process; shown anyway where a target was missed

        Exit status: 0 every target met; 1 one was missed or could not be measured; 2 usage.
        """;

    public static IReadOnlyList<string> Known { get; } = ["noop", "latency", "process", "events", "rules", "webhook", "timers", "workflows", "successor", "items", "paused", "agent"];

    public IReadOnlyList<string> Names { get; init; } = Known;

    public int Repeats { get; init; } = 5;

    public TimeSpan Window { get; init; } = TimeSpan.FromSeconds(5);

    public string? JsonFile { get; init; }

    public bool Profile { get; init; }

    public bool Help { get; init; }

    public static bool TryParse(
        string[] args, [NotNullWhen(true)] out BenchArguments? arguments, [NotNullWhen(false)] out string? refusal)
    {
        var names = new List<string>();
        (arguments, refusal) = (null, null);
        var parsed = new BenchArguments();
        for (var i = 0; i < args.Length; i++)
        {
            var value = i + 1 < args.Length ? args[i + 1] : "";
            switch (args[i])
            {
                case "--help" or "-h" or "help":
                    parsed = parsed with { Help = true };
                    break;
                case "--profile":
                    parsed = parsed with { Profile = true };
                    break;
                case "--repeats" when int.TryParse(value, CultureInfo.InvariantCulture, out var repeats) && repeats is > 0 and <= 1000:
                    (parsed, i) = (parsed with { Repeats = repeats }, i + 1);
                    break;
                case "--seconds" when double.TryParse(value, CultureInfo.InvariantCulture, out var seconds) && seconds is >= 0.1 and <= 3600:
                    (parsed, i) = (parsed with { Window = TimeSpan.FromSeconds(seconds) }, i + 1);
                    break;
                case "--json" when value is not "":
                    (parsed, i) = (parsed with { JsonFile = value }, i + 1);
                    break;
                case var name when Known.Contains(name):
                    names.Add(name);
                    break;
                default:
                    refusal = $"'{args[i]}' cannot be used here.";
                    return false;
            }
        }

        arguments = names.Count == 0 ? parsed : parsed with { Names = [.. Known.Where(names.Contains)] };
        return true;
    }
}
