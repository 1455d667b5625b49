using System.Text.RegularExpressions;
using Attune.Server.Hosting;

namespace Attune.Server.Workers.Joining;

enum JoinRole
{
    Action,
    Sensor,
    Hybrid,
}

static partial class JoinRules
{
    const int LabelsMax = 32;

    /// <summary>As `worker_role_enum` spells it.</summary>
    public static string ToColumn(this JoinRole role) => role switch
    {
        JoinRole.Action => "action",
        JoinRole.Sensor => "sensor",
        JoinRole.Hybrid => "hybrid",
        _ => throw new ArgumentOutOfRangeException(nameof(role), role, null),
    };

    public static JoinRole FromColumn(string role) => role switch
    {
        "action" => JoinRole.Action,
        "sensor" => JoinRole.Sensor,
        "hybrid" => JoinRole.Hybrid,
        _ => throw new ArgumentOutOfRangeException(nameof(role), role, null),
    };

    /// <summary>A hybrid token lets an agent be either or both; any other only what it says.</summary>
    public static bool Allows(this JoinRole token, JoinRole asked) => token is JoinRole.Hybrid || token == asked;

    public static bool IsWorkerName(string name) => WorkerName().IsMatch(name);

    public static IReadOnlyList<Violation> CheckLabels(IReadOnlyDictionary<string, string> labels)
    {
        var violations = labels
            .Where(label => !LabelKey().IsMatch(label.Key) || !LabelValue().IsMatch(label.Value))
            .Select(label => new Violation(
                $"labels[{label.Key}]", "A label is key=value: letters, digits and . _ - (in the key also /), at most 63 characters each."))
            .ToList();
        if (labels.Count > LabelsMax)
            violations.Add(new("labels", $"{labels.Count} labels; at most {LabelsMax} are allowed."));
        return violations;
    }

    [GeneratedRegex(@"\A[a-z0-9][a-z0-9._-]{0,62}\z")]
    private static partial Regex WorkerName();

    [GeneratedRegex(@"\A[A-Za-z0-9][A-Za-z0-9._/-]{0,62}\z")]
    private static partial Regex LabelKey();

    [GeneratedRegex(@"\A[A-Za-z0-9._-]{0,63}\z")]
    private static partial Regex LabelValue();
}
