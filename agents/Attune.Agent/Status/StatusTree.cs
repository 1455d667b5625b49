using System.Globalization;
using System.Text;
using Attune.Agent.Session;

namespace Attune.Agent.Status;

/// <summary>A report as a person reads it.</summary>
static class StatusTree
{
    public static string Render(StatusReport report)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{report.Name}  attune-agent {report.Version}, process {report.ProcessId}, up {Age(report.Now - report.StartedAt)}\n");
        var branches = new List<(string Line, List<string> Leaves)>
        {
            ($"control plane {report.Server}: {Connection(report)}", []),
            ($"certificate good until {report.CertificateExpiresAt:yyyy-MM-dd HH:mm} UTC, renews itself", []),
            ($"slots {report.SlotsInUse} of {report.Slots} in use{(report.Draining is { } reason ? $"; takes nothing new: {reason}" : "")}",
                [.. report.Runs.Select(run => Run(run, report.Now))]),
            ($"spool {Size(report.SpoolWaitingBytes)} waiting, {report.ResultsWaiting} results unacknowledged{Dropped(report)}", []),
            ($"sensors{(report.Sensors.Count == 0 ? " none" : "")}; {report.EventsWaiting} events waiting, {Size(report.EventsWaitingBytes)}{EventTrouble(report)}",
                [.. report.Sensors.Select(sensor => Sensor(sensor, report.Now))]),
            ($"runtimes {(report.Runtimes.Count == 0 ? "none found" : "")}".TrimEnd(),
                [.. report.Runtimes.Select(each => $"{each.Runtime} {each.Version} {each.Path}".TrimEnd())]),
        };
        if (report.Environments.Count > 0)
            branches.Add(("environments", [.. report.Environments.Select(
                each => $"{each.Pack} on {each.Runtime}: {each.State}{(each.Error.Length > 0 ? $" ({each.Error})" : "")}")]));

        for (var at = 0; at < branches.Count; at++)
        {
            var last = at == branches.Count - 1;
            Append(text, "", last, branches[at].Line);
            for (var leaf = 0; leaf < branches[at].Leaves.Count; leaf++)
                Append(text, last ? "   " : "│  ", leaf == branches[at].Leaves.Count - 1, branches[at].Leaves[leaf]);
        }

        return text.ToString();
    }

    static void Append(StringBuilder text, string indent, bool last, string line)
        => text.Append(indent).Append(last ? "└─ " : "├─ ").Append(line).Append('\n');

    static string Connection(StatusReport report) => report.Connection switch
    {
        ConnectionState.Connected => $"connected for {Age(report.Now - report.ConnectionSince)}, session {report.SessionId}, server {report.ServerVersion}",
        ConnectionState.Connecting => $"connecting{(report.ConnectionProblem is { } before ? $" (before: {before})" : "")}",
        _ => $"away for {Age(report.Now - report.ConnectionSince)}: {report.ConnectionProblem}; next try in {Age((report.NextTryAt ?? report.Now) - report.Now)}",
    };

    static string Run(RunStatus run, DateTimeOffset now)
    {
        var since = run.StartedAt is { } startedAt ? $" for {Age(now - startedAt)}" : "";
        var attempt = run.Attempt > 1 ? $" attempt {run.Attempt}" : "";
        return $"{run.ExecutionId}{attempt} {run.Action}: {run.State}{since}, {run.Why}";
    }

    static string Sensor(SensorStatus sensor, DateTimeOffset now)
    {
        var how = sensor.State switch
        {
            "running" => $"running for {Age(now - (sensor.StartedAt ?? now))}, process {sensor.Process}",
            "backing_off" => $"starts again in {Age((sensor.NextStartAt ?? now) - now)}",
            var state => state,
        };
        var failures = sensor.FailuresInRow > 0 ? $", failures in a row: {sensor.FailuresInRow}" : "";
        return $"{sensor.Sensor}: {how}{failures}{(sensor.LastError is { } error ? $"; last end: {error.ReplaceLineEndings(" ")}" : "")}";
    }

    static string EventTrouble(StatusReport report) => report.EventTrouble switch
    {
        null => "",
        "full" => "; no room for more, so sensors wait",
        var trouble => $"; cannot be written: {trouble}",
    };

    static string Dropped(StatusReport report)
        => (report.SpoolDroppedBytes > 0 ? $"; {Size(report.SpoolDroppedBytes)} of output given up for want of room" : "")
            + (report.SpoolTrouble is { } trouble ? $"; cannot be written: {trouble}" : "");

    static string Age(TimeSpan age) => age switch
    {
        { TotalSeconds: < 1 } => "0 s",
        { TotalMinutes: < 1 } => $"{age.Seconds} s",
        { TotalHours: < 1 } => $"{age.Minutes} min {age.Seconds} s",
        { TotalDays: < 1 } => $"{age.Hours} h {age.Minutes} min",
        _ => $"{(int)age.TotalDays} d {age.Hours} h",
    };

    static string Size(long bytes) => bytes switch
    {
        < 10_240 => string.Create(CultureInfo.InvariantCulture, $"{bytes} bytes"),
        < 10 << 20 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1024} KiB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{bytes >> 20} MiB"),
    };
}
