using Attune.Engine.Expressions;
using Attune.Engine.Workflows;

namespace Attune.Engine.Tests.Workflows;

/// <summary>What bounds a step, the variables and what is remembered of failures.</summary>
public sealed class ConductorLimitsTests
{
    [Fact]
    public void A_cycle_of_empty_lists_does_not_make_one_step_endless_and_keeps_nothing()
    {
        var play = new Play(Definition.Read(
            """
            {'vars': {'n': 0}, 'tasks': {
              'start': {'action': 'a.b', 'next': [{'do': 'turn'}]},
              'turn': {'action': 'a.b', 'with_items': [], 'next': [
                {'when': 'vars.n < 2500 and length(result) == 0', 'publish': {'n': '{{ vars.n + 1 }}'}, 'do': 'turn'}]}}}
            """));
        play.End("start");
        Assert.InRange(play.Standing("turn").RunCount, 1, 1001);
        Assert.Empty(play.Commands);

        for (var woken = 0; !play.State.IsFinished && woken < 10; woken++)
            play.Wait(0);
        Assert.Equal(("2500", 2501), (play.Variable("n"), play.Standing("turn").RunCount));
        Assert.Equal(0, play.Asked);
    }

    [Fact]
    public void What_an_ended_branch_and_a_running_one_have_in_common_counts_once()
    {
        var play = new Play(Definition.Read(
            """
            {'tasks': {
              'start': {'action': 'a.b', 'next': [{'publish': {'text': '{{ result }}'}, 'do': ['one', 'two']}]},
              'one': {'action': 'a.b'},
              'two': {'action': 'a.b', 'next': [{'publish': {'more': '{{ result }}'}}]}}}
            """));
        play.End("start", Value.Of(new string('x', 600_000)));
        play.End("one");
        play.End("two", Value.Of(new string('y', 300_000)));

        Assert.Equal((RunOutcome.Completed, null), (play.Finished!.Outcome, play.Finished.Error));
    }

    [Fact]
    public void What_branches_have_for_themselves_counts_for_each()
    {
        var play = new Play(Definition.Read(
            """
            {'tasks': {
              'start': {'action': 'a.b', 'next': [{'do': ['one', 'two']}]},
              'one': {'action': 'a.b', 'next': [{'publish': {'text': '{{ result }}'}}]},
              'two': {'action': 'a.b', 'next': [{'publish': {'more': '{{ result }}'}}]}}}
            """));
        play.End("start");
        play.End("one", Value.Of(new string('x', 600_000)));
        play.End("two", Value.Of(new string('y', 600_000)));

        Assert.Equal("VARIABLES_TOO_LARGE", play.Finished!.Error!.Reason);
    }

    [Fact]
    public void When_somebody_makes_good_for_the_first_failure_the_next_one_tells_why()
    {
        var play = new Play(Definition.Read(
            "{'tasks': {'copy': {'action': 'a.b', 'with_items': [1, 2, 3], 'concurrency': 3, 'retry': {'count': 0}}}}"));
        var keys = play.Live.Keys.OrderBy(key => key.Item).ToList();
        play.Hear(play.Ended(keys[2], RunOutcome.Timeout) with { Error = new("SLOW", "Three.") });
        play.Hear(play.Ended(keys[0], RunOutcome.Failed) with { Error = new("BAD", "One.") });
        play.Hear(play.Ended(keys[1]));
        Assert.Equal(new("SLOW", "2 of 3 items failed, first item 2: Three."), play.Standing("copy").Error);

        play.Hear(new EditRequested(play.Now, "copy", 2, null, Play.Of("3")));
        Assert.Equal(new("BAD", "Item 0 failed: One."), play.Standing("copy").Error);
        play.Hear(new EditRequested(play.Now, "copy", 0, null, Play.Of("1")));
        Assert.Equal(RunOutcome.Completed, play.Finished!.Outcome);
    }

    [Fact]
    public void However_scattered_failed_items_are_an_edited_one_is_known_to_have_failed()
    {
        var play = new Play(Definition.Read(
            "{'tasks': {'copy': {'action': 'a.b', 'with_items': '{{ range(10000) }}', 'on_error': 'continue'}}}"));
        while (!play.State.IsFinished)
            play.Hear([.. play.Live.Keys.Select(key => play.Ended(key, key.Item % 2 == 0 ? RunOutcome.Failed : RunOutcome.Completed))]);
        Assert.Equal(new ItemsStanding(10_000, 5000, 5000, 0), play.Standing("copy").Items);

        foreach (var item in (int[])[9998, 0, 7001])
            play.Hear(new EditRequested(play.Now, "copy", item, null, Play.Of("1")));
        Assert.Equal(new ItemsStanding(10_000, 5002, 4998, 0), play.Standing("copy").Items);
        Assert.InRange(play.BytesMax, 1, 20_000);
    }
}
