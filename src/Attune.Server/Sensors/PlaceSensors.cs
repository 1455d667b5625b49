namespace Attune.Server.Sensors;

/// <summary>A sensor whose assignment is not as it should be.</summary>
sealed record UnsettledSensor
{
    public required long Id { get; init; }
    public required string Ref { get; init; }
    public required string RuntimeRef { get; init; }

    /// <summary>Enabled, and an enabled rule needs it.</summary>
    public required bool Wanted { get; init; }

    /// <summary>Of all that a running process does not learn of.</summary>
    public required string Fingerprint { get; init; }

    /// <summary>The agent that has it; null: none.</summary>
    public long? Worker { get; init; }
    public string? WorkerName { get; init; }

    /// <summary>That agent's lease has ended, it drains, or it takes sensors no more.</summary>
    public required bool MustMove { get; init; }

    /// <summary>Only its silence speaks against that agent: it may come back, and may still run the sensor meanwhile.</summary>
    public bool IsSilent { get; init; }
}

/// <summary>An agent that could take sensors now.</summary>
sealed record SensorHost(long Id, string Name, IReadOnlySet<string> Runtimes, int Sensors, int Executions);

/// <param name="Sensor">What is decided.</param>
/// <param name="To">Whose it is from now on, under a new generation; null: nobody's.</param>
/// <param name="ToName">Of that agent.</param>
sealed record SensorDecision(UnsettledSensor Sensor, long? To, string? ToName);

/// <summary>Which agent gets which sensor. A sensor that is well placed stays, however unequal the load has become: moving one costs a restart.</summary>
static class PlaceSensors
{
    public static IReadOnlyList<SensorDecision> Decide(IReadOnlyList<UnsettledSensor> unsettled, IReadOnlyList<SensorHost> hosts)
    {
        var load = hosts.ToDictionary(host => host.Id, host => host.Sensors);
        var decisions = new List<SensorDecision>(unsettled.Count);
        foreach (var sensor in unsettled)
        {
            if (Decide(sensor, hosts, load) is not { } decision)
                continue;
            decisions.Add(decision);
            if (decision.To is { } to && to != sensor.Worker)
                load[to]++;
        }

        return decisions;
    }

    static SensorDecision? Decide(UnsettledSensor sensor, IReadOnlyList<SensorHost> hosts, Dictionary<long, int> load)
    {
        if (sensor is { Wanted: true, Worker: not null, MustMove: false })
            return new(sensor, sensor.Worker, sensor.WorkerName);

        var best = sensor.Wanted
            ? hosts
                .Where(host => host.Runtimes.Contains(sensor.RuntimeRef))
                .OrderBy(host => load[host.Id])
                .ThenBy(host => host.Executions)
                .ThenBy(host => host.Name, StringComparer.Ordinal)
                .FirstOrDefault()
            : null;

        // Nobody else can take it: what a silent agent may still run goes on under its generation when it comes back.
        var stays = best is null && (sensor.Worker is null || sensor is { Wanted: true, IsSilent: true });
        return stays ? null : new(sensor, best?.Id, best?.Name);
    }
}
