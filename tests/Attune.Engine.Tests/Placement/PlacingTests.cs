using Attune.Engine.Placement;

namespace Attune.Engine.Tests.Placement;

public sealed class PlacingTests
{
    static readonly Candidate Free = new()
    {
        Name = "a",
        RunsActions = true,
        Runtimes = new Dictionary<string, string> { ["core.python"] = "3.11.2", ["core.native"] = "" },
        Labels = new Dictionary<string, string> { ["zone"] = "edge", ["os"] = "linux" },
        Slots = 2,
        SlotsInUse = 1,
        Connected = true,
        Cordoned = false,
        Draining = false,
    };

    static PlacementRequirement Needs(string runtime = "core.python", string? version = null, params (string, string)[] labels)
        => PlacementRequirement.Create(runtime, version, labels.Select(label => KeyValuePair.Create(label.Item1, label.Item2)));

    [Theory]
    [InlineData(">=3.9", null)]
    [InlineData("3.11.x", null)]
    [InlineData(">=3.12", "RUNTIME_VERSION")]
    public void A_version_range_is_held_against_what_the_agent_found(string range, string? code)
        => Assert.Equal(code, Placing.Refusal(Needs(version: range), Free)?.Code);

    [Fact]
    public void An_agent_that_fits_and_has_a_slot_is_refused_nothing()
        => Assert.Null(Placing.Refusal(Needs(labels: ("zone", "edge")), Free));

    [Fact]
    public void Each_obstacle_has_its_own_code()
    {
        Assert.Equal("ROLE", Placing.Refusal(Needs(), Free with { RunsActions = false })?.Code);
        Assert.Equal("RUNTIME_MISSING", Placing.Refusal(Needs("core.nodejs"), Free)?.Code);
        Assert.Equal("RUNTIME_VERSION", Placing.Refusal(Needs("core.native", ">=1"), Free)?.Code);
        Assert.Equal("LABELS", Placing.Refusal(Needs(labels: ("zone", "core")), Free)?.Code);
        Assert.Equal("LABELS", Placing.Refusal(Needs(labels: ("rack", "7")), Free)?.Code);
        Assert.Equal("DISCONNECTED", Placing.Refusal(Needs(), Free with { Connected = false })?.Code);
        Assert.Equal("CORDONED", Placing.Refusal(Needs(), Free with { Cordoned = true })?.Code);
        Assert.Equal("DRAINING", Placing.Refusal(Needs(), Free with { Draining = true })?.Code);
        Assert.Equal("SLOTS_FULL", Placing.Refusal(Needs(), Free with { SlotsInUse = 2 })?.Code);
    }

    [Fact]
    public void Equal_requirements_share_a_key_whatever_the_order_of_their_labels()
    {
        var one = Needs("core.shell", ">=5", ("a", "1"), ("b", "2"));
        var other = Needs("core.shell", ">=5", ("b", "2"), ("a", "1"));
        Assert.Equal(one.Key, other.Key);
        Assert.NotEqual(one.Key, Needs("core.shell", ">=5", ("a", "1")).Key);
    }

    [Fact]
    public void A_key_reads_back_as_the_requirement_it_came_from()
    {
        var needs = Needs("core.shell", ">=5", ("zone", "a \"quoted\" value"));
        var read = PlacementRequirement.Parse(needs.Key);
        Assert.Equal(needs.Key, read.Key);
        Assert.Equal((needs.RuntimeRef, needs.RuntimeVersion), (read.RuntimeRef, read.RuntimeVersion));
        Assert.Equal(needs.Labels, read.Labels);
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("{\"runtime\": 7}")]
    [InlineData("{\"runtime\": \"core.shell\", \"version\": \"not a range\"}")]
    public void What_is_no_key_is_refused_as_such(string key) => Assert.Throws<FormatException>(() => PlacementRequirement.Parse(key));

    [Fact]
    public void The_summary_names_the_label_that_nobody_has()
    {
        var explained = Placing.Explain(Needs(labels: ("zone", "moon")), [Free, Free with { Name = "b" }]);
        Assert.Contains("zone=moon", explained.Summary);
        Assert.Contains("2 agents are connected", explained.Summary);
        Assert.Equal(["a", "b"], explained.Reasons.Select(reason => reason.WorkerName));
    }

    [Fact]
    public void The_summary_is_about_the_agent_that_is_nearest_to_taking_it()
    {
        var explained = Placing.Explain(Needs(), [Free with { Name = "far", RunsActions = false }, Free with { SlotsInUse = 2 }]);
        Assert.Contains("2 of 2 slots", explained.Summary);
        Assert.Equal("SLOTS_FULL", explained.Reasons[0].Code);
    }

    [Fact]
    public void Without_any_connected_agent_that_is_what_is_said()
    {
        Assert.Contains("ever joined", Placing.Explain(Needs(), []).Summary);
        Assert.Contains("none of the 1", Placing.Explain(Needs(), [Free with { Connected = false }]).Summary);
    }
}
