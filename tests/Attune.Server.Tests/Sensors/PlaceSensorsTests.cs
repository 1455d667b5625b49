using Attune.Server.Sensors;

namespace Attune.Server.Tests.Sensors;

/// <summary>Who gets which sensor, decided without a database.</summary>
public sealed class PlaceSensorsTests
{
    [Fact]
    public void The_least_loaded_agent_with_the_runtime_gets_each_sensor_in_turn()
    {
        SensorHost[] hosts = [Host(1, sensors: 1), Host(2, sensors: 0, executions: 3), Host(3, sensors: 0), Host(4, sensors: 0, runtime: "core.nodejs")];
        var decisions = PlaceSensors.Decide([Wanted(11), Wanted(12), Wanted(13), Wanted(14)], hosts);
        Assert.Equal([3L, 2L, 1L, 3L], decisions.Select(decision => decision.To));
    }

    [Fact]
    public void A_sensor_with_another_fingerprint_stays_on_its_agent_however_loaded_that_is()
    {
        var changed = Wanted(11) with { Worker = 1, WorkerName = "agent-1" };
        var decision = Assert.Single(PlaceSensors.Decide([changed], [Host(1, sensors: 50), Host(2, sensors: 0)]));
        Assert.Equal((1L, "agent-1"), (decision.To, decision.ToName));
    }

    [Fact]
    public void A_sensor_that_must_move_is_nobodys_where_nobody_else_can_run_it()
    {
        var lost = Wanted(11) with { Worker = 1, MustMove = true };
        Assert.Null(Assert.Single(PlaceSensors.Decide([lost], [Host(2, sensors: 0, runtime: "core.nodejs")])).To);
        Assert.Equal(2, Assert.Single(PlaceSensors.Decide([lost], [Host(2, sensors: 9)])).To);
    }

    [Fact]
    public void What_nothing_needs_is_taken_back_and_what_nobody_can_run_is_left_as_it_is()
    {
        var unneeded = Wanted(11) with { Wanted = false, Worker = 1 };
        Assert.Null(Assert.Single(PlaceSensors.Decide([unneeded], [Host(1, sensors: 1)])).To);
        Assert.Empty(PlaceSensors.Decide([Wanted(12)], []));
    }

    static UnsettledSensor Wanted(long id)
        => new() { Id = id, Ref = $"edge.s{id}", RuntimeRef = "core.python", Wanted = true, Fingerprint = "f", MustMove = false };

    static SensorHost Host(long id, int sensors, int executions = 0, string runtime = "core.python")
        => new(id, $"agent-{id}", new HashSet<string> { runtime }, sensors, executions);
}
