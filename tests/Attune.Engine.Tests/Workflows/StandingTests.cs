using Attune.Engine.Workflows;

namespace Attune.Engine.Tests.Workflows;

/// <summary>What is told of tasks of which some executions have ended while the workflow was paused.</summary>
public sealed class StandingTests
{
    [Fact]
    public void Items_that_ended_while_it_was_paused_execute_no_longer()
    {
        var play = new Play(Definition.Read("{'tasks': {'copy': {'action': 'a.b', 'with_items': [1, 2, 3], 'concurrency': 2}}}"));
        play.Hear(new PauseRequested(play.Now, "Lunch."));
        Assert.Equal([0, 1], play.Standing("copy").ExecutingItems);
        Assert.Equal([1], play.Standing("copy").Executing);

        play.End("copy");
        var half = play.Standing("copy");
        Assert.Equal((TaskState.Running, 1), (half.State, half.Items!.Running));
        Assert.Equal([1], half.ExecutingItems);
        Assert.Equal([1], half.Executing);

        play.End("copy");
        var all = play.Standing("copy");
        Assert.Equal((TaskState.Waiting, 0), (all.State, all.Items!.Running));
        Assert.Equal("What ran of its items has ended; what follows waits for the workflow to be resumed.", all.Waiting);
        Assert.Empty(all.ExecutingItems);
        Assert.Empty(all.Executing);
        Assert.Equal([1], all.Live);
    }

    [Fact]
    public void What_executes_is_not_edited_and_what_does_not_is()
    {
        var play = new Play(Definition.Read("{'tasks': {'one': {'action': 'a.b'}, 'two': {'action': 'a.b'}}}"));
        play.Hear(new PauseRequested(play.Now, "Lunch."));
        play.End("one", RunOutcome.Failed);
        Assert.Empty(play.Standing("one").Executing);
        Assert.Equal([2], play.Standing("two").Executing);

        foreach (var task in (string[])["one", "two"])
        {
            play.Hear(new EditRequested(play.Now, task, -1, Play.Of("{n: 1}"), null));
            Assert.Equal(task == "one", play.Commands.OfType<KeepValue>().Any());
        }
    }
}
