using Attune.Agent.Sensors;
using Attune.Agent.Tests.Session;
using Attune.Testing;
using Attune.V1;

namespace Attune.Agent.Tests.Sensors;

/// <summary>A connected agent that takes sensors.</summary>
sealed class SensorBench : IAsyncDisposable
{
    public required FakeControlPlane Plane { get; init; }

    public required AgentBench Agent { get; init; }

    public AgentStream Stream { get; private set; } = null!;

    public static async Task<SensorBench> StartAsync(WorkerRole role = WorkerRole.Sensor, long eventLimit = 256 << 20, ManualClock? clock = null)
    {
        var plane = await FakeControlPlane.StartAsync();
        var agent = new AgentBench { Plane = plane, Role = role, EventLimit = eventLimit, SensorClock = clock ?? TimeProvider.System };
        await agent.StartAsync();
        var bench = new SensorBench { Plane = plane, Agent = agent };
        await bench.NextStreamAsync();
        return bench;
    }

    public async Task<AgentStream> NextStreamAsync()
    {
        Stream = await Plane.NextStreamAsync();
        await Stream.WelcomeAsync();
        return Stream;
    }

    public SensorStanding Standing => Assert.Single(Agent.Parts.Sensors.Standings);

    public async ValueTask DisposeAsync()
    {
        await Agent.DisposeAsync();
        await Plane.DisposeAsync();
    }
}
