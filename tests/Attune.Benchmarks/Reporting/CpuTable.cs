using System.Globalization;
using System.Text;
using Attune.Benchmarks.Harness;
using Attune.Benchmarks.Profiling;

namespace Attune.Benchmarks.Reporting;

/// <summary>Where the processor time of one benchmark went: the first thing to look at when a target is missed.</summary>
sealed class CpuTable(BenchmarkResult result)
{
    const double Negligible = 0.0005;

    public string ToText()
    {
        var text = new StringBuilder();
        foreach (var phase in result.CpuUses.GroupBy(use => use.Phase))
        {
            // Without executions there is nothing to divide by, and their rate of zero says it all.
            if (phase.All(use => use.Executions > 0))
                text.AppendLine().AppendLine($"{result.Name}, {phase.Key}: CPU seconds per thousand executions").Append(Table([.. phase]));
        }

        return text.ToString();
    }

    static string Table(IReadOnlyList<CpuUse> uses)
    {
        var table = new TextTable("  process", "median", "min", "max", "of the machine");
        foreach (var process in uses.SelectMany(use => use.Seconds.Keys).Distinct())
            Add($"  {process}", use => use.Seconds.GetValueOrDefault(process));
        Add("  together", use => use.Seconds.Values.Sum());
        return table.ToText();

        void Add(string name, Func<CpuUse, double> seconds)
        {
            var perThousand = new Series(uses.Select(use => seconds(use) * 1000 / use.Executions));
            if (perThousand.Median < Negligible)
                return;
            var share = new Series(uses.Select(use => seconds(use) / use.Wall.TotalSeconds / Environment.ProcessorCount)).Median;
            table.Add(name, Show(perThousand.Median), Show(perThousand.Min), Show(perThousand.Max), share.ToString("P0", CultureInfo.InvariantCulture));
        }
    }

    static string Show(double value) => value.ToString("0.000", CultureInfo.InvariantCulture);
}
