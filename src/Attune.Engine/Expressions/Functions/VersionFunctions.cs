using Attune.Engine.Versions;
using static Attune.Engine.Expressions.Functions.Parameter;

namespace Attune.Engine.Expressions.Functions;

static class VersionFunctions
{
    // Nobody writes longer ones, and reading one takes longer than comparing characters.
    const int LengthMax = 200;

    public static IReadOnlyList<Function> All { get; } =
    [
        new("version_compare", [Text("version"), Text("other")],
            "-1, 0 or 1 where it is older than the other, equal or newer, by SemVer 2; missing numbers are 0.",
            Compare)
            {
                Examples =
                [
                    ("version_compare('1.10.0', '1.9')", "1"),
                    ("version_compare('2.0.0-rc.1', '2.0.0')", "-1"),
                    ("version_compare('v3', '3.0.0') == 0", "true"),
                ],
            },
    ];

    static Value Compare(ref Evaluation evaluation, Call call)
    {
        evaluation.Work(call.Position, 1000);
        return Value.Of((long)Math.Sign(Version(ref evaluation, call, 0).CompareTo(Version(ref evaluation, call, 1))));
    }

    static SemVersion Version(ref Evaluation evaluation, Call call, int index)
        => call.Text(index).Length <= LengthMax && SemVersion.TryParseLenient(call.Text(index), out var version)
            ? version
            : throw evaluation.Fail(call.PositionOf(index), "version_compare() needs versions such as 1.4.0: this string is none.");
}
