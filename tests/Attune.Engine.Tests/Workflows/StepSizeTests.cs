using Attune.Engine.Workflows;

namespace Attune.Engine.Tests.Workflows;

/// <summary>What one step may start, and what it costs to tell about it.</summary>
public sealed class StepSizeTests
{
    // Nearly a mebibyte: as much as variables may take.
    static readonly string Large = new('x', 1_000_000);

    // Fewer characters than an expression may make, and more bytes than an input may take.
    static readonly string Wide = new('é', 600_000);

    [Fact]
    public void An_input_that_is_too_large_fails_its_task()
    {
        var play = new Play(Definition.Read(
            $"{{'vars': {{'x': '{Wide[..30_000]}'}}, 'tasks': {{'one': {{'action': 'a.b', 'input': {{'a': '{{{{ vars.x }}}}', 'b': '{Wide}'}}, 'next': [{{'when': 'failed()', 'publish': {{'x': '{{{{ error.reason }}}}'}}}}]}}}}}}"));
        Assert.Empty(play.Started);
        Assert.Equal("\"INPUT_TOO_LARGE\"", play.Variable("x"));
        Assert.StartsWith("tasks.one.input: it would take 1230 KiB; at most 1024 KiB are allowed.", play.Standing("one").Error!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_input_that_is_too_large_fails_its_item()
    {
        var play = new Play(Definition.Read(
            $"{{'vars': {{'x': '{Wide[..30_000]}'}}, 'tasks': {{'one': {{'action': 'a.b', 'with_items': ['{{{{ [] }}}}', ['{{{{ vars.x }}}}', '{Wide}'], 1], 'on_error': 'continue', 'input': {{'a': '{{{{ item }}}}', 'b': 1}}}}}}}}"));
        Assert.Equal(["one[0]", "one[2]"], play.Started);
        Assert.Equal(new ItemsStanding(3, 0, 1, 2), play.Standing("one").Items);
    }

    [Theory]
    [InlineData("'with_items': '{{ range(40) }}',", 1)]
    [InlineData("", 40)]
    public void Large_inputs_are_started_in_several_steps(string items, int tasks)
    {
        var all = Enumerable.Range(0, tasks).Select(index => $"'t{index}': {{'action': 'a.b', {items} 'retry': {{'count': 1, 'delay': 0}}, 'input': {{'a': '{{{{ vars.x }}}}'}}}}");
        var play = new Play(Definition.Read($"{{'vars': {{'x': '{Large}'}}, 'tasks': {{{string.Join(',', all)}}}}}"));

        // Sixteen mebibytes, and what begins just below them.
        Assert.Equal([17, 17, 6], Steps(play));

        // All fail at once, and are tried again.
        play.Hear([.. play.Live.Keys.ToList().Select(key => play.Ended(key, RunOutcome.Failed))]);
        Assert.Equal([17, 17, 6], Steps(play));
        Assert.Equal(40, play.Live.Count);
        play.Hear([.. play.Live.Keys.ToList().Select(key => play.Ended(key))]);
        Assert.Equal(RunOutcome.Completed, play.Finished!.Outcome);
    }

    static List<int> Steps(Play play)
    {
        List<int> counts = [play.Started.Length];
        while (play.State.WakeAt is { } at)
        {
            Assert.Equal(play.Now, at);
            play.Wait(0);
            counts.Add(play.Started.Length);
        }

        return counts;
    }
}
