using Attune.Engine.Retries;
using Attune.Engine.Workflows;

namespace Attune.Engine.Tests.Workflows;

/// <summary>What is easily got wrong. The language itself is shown by the cases of the conformance folder.</summary>
public sealed class ConductorTests
{
    [Fact]
    public void What_two_branches_had_before_they_forked_does_not_overwrite_what_one_of_them_changed()
    {
        var play = new Play(Definition.Read(
            """
            {'tasks': {
              'fork': {'action': 'a.b', 'next': [{'publish': {'x': 1}, 'do': ['one', 'two']}]},
              'one': {'action': 'a.b', 'next': [{'publish': {'x': 2}}]},
              'two': {'action': 'a.b'}}}
            """));
        play.End("fork");
        play.End("one");
        play.End("two");

        Assert.Equal("2", play.Variable("x"));
    }

    [Fact]
    public void A_join_merges_only_what_branches_changed_since_they_forked_though_it_joins_others_too()
    {
        var play = new Play(Definition.Read(
            """
            {'tasks': {
              'fork': {'action': 'a.b', 'next': [{'publish': {'x': 1}, 'do': ['one', 'two']}]},
              'other': {'action': 'a.b', 'next': [{'do': 'meet'}]},
              'one': {'action': 'a.b', 'next': [{'publish': {'x': 2}, 'do': 'meet'}]},
              'two': {'action': 'a.b', 'next': [{'do': 'meet'}]},
              'meet': {'action': 'a.b', 'join': 'all', 'input': {'x': '{{ vars.x }}'}}}}
            """));
        play.End("other");
        play.End("fork");
        play.End("one");
        play.End("two");

        Assert.Equal(["meet"], play.Started);
        Assert.Equal("""{"x": 2}""", play.Commands.OfType<StartAction>().Single().Parameters.Show(100));
    }

    [Fact]
    public void A_side_branch_that_ended_stays_ended_when_the_main_one_joins_and_ends_later()
    {
        var play = new Play(Definition.Read(
            """
            {'tasks': {
              'fork': {'action': 'a.b', 'next': [{'publish': {'x': 1}, 'do': ['side', 'left', 'right']}]},
              'side': {'action': 'a.b', 'next': [{'publish': {'x': 7}}]},
              'left': {'action': 'a.b', 'next': [{'publish': {'y': 1}, 'do': 'meet'}]},
              'right': {'action': 'a.b', 'next': [{'do': 'meet'}]},
              'meet': {'action': 'a.b', 'join': 'all'}}}
            """));
        foreach (var task in (string[])["fork", "side", "left", "right", "meet"])
            play.End(task);

        Assert.Equal(("7", "1"), (play.Variable("x"), play.Variable("y")));
    }

    [Fact]
    public void What_counted_with_a_side_branch_does_not_count_again_when_a_cycle_goes_on()
    {
        var play = new Play(Definition.Read(
            """
            {'vars': {'n': 0}, 'tasks': {
              'turn': {'action': 'a.b', 'next': [
                {'when': 'vars.n > 0 and vars.n < 5', 'publish': {'n': '{{ vars.n + 1 }}'}, 'do': 'turn'},
                {'when': 'vars.n == 0', 'publish': {'n': 1, 'x': 1}, 'do': ['turn', 'side']}]},
              'side': {'action': 'a.b', 'next': [{'publish': {'x': 7}}]}}}
            """));
        play.End("turn");
        play.End("side");
        while (!play.State.IsFinished)
            play.End("turn");

        Assert.Equal(("5", "7"), (play.Variable("n"), play.Variable("x")));
    }

    [Fact]
    public void Items_that_wait_for_their_next_try_are_not_tried_when_another_has_failed()
    {
        var play = new Play(Definition.Read("{'tasks': {'copy': {'action': 'a.b', 'with_items': [0, 1], 'retry': {'count': 2, 'delay': 60}}}}"));
        play.Hear(play.Ended(new(1, 0, 0), RunOutcome.Failed));
        Assert.Equal(play.Now.AddSeconds(60), play.State.WakeAt);
        play.Hear(play.Ended(new(1, 1, 0), RunOutcome.Cancelled));

        Assert.Equal(RunOutcome.Failed, play.Finished!.Outcome);
        Assert.Equal(new ItemsStanding(2, 0, 2, 0), play.Standing("copy").Items);
    }

    [Fact]
    public void A_cycle_keeps_the_state_small()
    {
        var play = new Play(Definition.Read(
            """
            {'vars': {'n': 0}, 'tasks': {
              'turn': {'action': 'a.b', 'next': [
                {'when': 'vars.n < 2000', 'publish': {'n': '{{ vars.n + 1 }}'}, 'do': ['turn', 'side']}]},
              'side': {'action': 'a.b', 'next': [{'publish': {'s': '{{ vars.n }}'}}]}}}
            """));
        while (!play.State.IsFinished)
            play.Hear([.. play.Live.Keys.Select(key => play.Ended(key))]);

        Assert.Equal(("2000", "2000"), (play.Variable("n"), play.Variable("s")));
        Assert.Equal(2001, play.Standing("turn").RunCount);
        Assert.InRange(play.BytesMax, 1, 1500);
    }

    [Fact]
    public void Ten_thousand_items_cost_a_window()
    {
        var play = new Play(Definition.Read(
            """
            {'tasks': {'copy': {'action': 'a.b', 'with_items': '{{ range(10000) }}', 'concurrency': 50, 'input': {'n': '{{ item }}'}, 'next': [
              {'publish': {'n': '{{ length(result) }}'}}]}}}
            """));
        var (steps, started) = (0, play.Started.Length);
        for (; !play.State.IsFinished; steps++)
        {
            play.Hear([.. play.Live.Keys.Take(20).Select(key => play.Ended(key))]);
            started += play.Started.Length;
        }

        Assert.Equal((10_000, 500), (started, steps));

        // The list once for each step that begins some, and all results at the end.
        Assert.InRange(play.Asked, 1, steps + 1);
        Assert.InRange(play.BytesMax, 1, 2000);
        Assert.Equal("10000", play.Variable("n"));
    }

    [Fact]
    public void Items_that_fail_here_and_there_do_not_make_the_state_grow_without_end()
    {
        var play = new Play(Definition.Read(
            "{'tasks': {'copy': {'action': 'a.b', 'with_items': '{{ range(10000) }}', 'on_error': 'continue'}}}"));
        while (!play.State.IsFinished)
            play.Hear([.. play.Live.Keys.Select(key => play.Ended(key, key.Item % 2 == 0 ? RunOutcome.Failed : RunOutcome.Completed))]);

        Assert.Equal(new ItemsStanding(10_000, 5000, 5000, 0), play.Standing("copy").Items);
        Assert.InRange(play.BytesMax, 1, 20_000);
    }

    [Fact]
    public void A_chain_of_a_thousand_tasks_asks_once_for_each_result()
    {
        var tasks = Enumerable.Range(0, 1000).Select(index => index < 999
            ? $"'t{index}': {{'action': 'a.b', 'next': [{{'publish': {{'n': '{{{{ result }}}}'}}, 'do': 't{index + 1}'}}]}}"
            : $"'t{index}': {{'action': 'a.b', 'input': {{'n': '{{{{ vars.n }}}}'}}}}");
        var play = new Play(Definition.Read($"{{'tasks': {{{string.Join(',', tasks)}}}}}"));
        for (var index = 0; index < 1000; index++)
        {
            Assert.Equal([$"t{index}"], play.Started);
            play.End($"t{index}", result: $"{index}");
        }

        Assert.Equal(RunOutcome.Completed, play.Finished!.Outcome);
        Assert.Equal(999, play.Asked);
        Assert.InRange(play.BytesMax, 1, 150_000);
        Assert.Equal("998", play.Variable("n"));
    }

    [Fact]
    public void Five_thousand_branches_meet()
    {
        var tasks = Enumerable.Range(0, 5000).Select(index => $"'t{index}': {{'action': 'a.b', 'next': [{{'publish': {{'v{index}': 1}}, 'do': 'meet'}}]}}");
        var all = string.Join(',', Enumerable.Range(0, 5000).Select(index => $"'t{index}'"));
        var play = new Play(Definition.Read(
            $"{{'tasks': {{'fork': {{'action': 'a.b', 'next': [{{'do': [{all}]}}]}}, {string.Join(',', tasks)}, 'meet': {{'action': 'a.b', 'join': 'all'}}}}}}"));
        play.End("fork");
        Assert.Equal(5000, play.Started.Length);
        while (play.Live.Count > 0)
            play.Hear([.. play.Live.Keys.Take(500).Select(key => play.Ended(key))]);

        Assert.True(play.State.IsFinished);
        Assert.Equal(1, play.Standing("meet").RunCount);
        Assert.Equal(5000, play.State.Variables.Count);
        Assert.InRange(play.BytesMax, 1, 5000 * 200);
    }

    [Fact]
    public void A_cycle_of_tasks_that_cannot_even_begin_is_cut_into_steps_and_ends()
    {
        var play = new Play(Definition.Read(
            """
            {'tasks': {
              'begin': {'action': 'a.b', 'next': [{'do': 'turn'}]},
              'turn': {'action': 'a.b', 'input': {'x': '{{ vars.nothing }}'}, 'next': [{'when': 'failed()', 'do': 'turn'}]}}}
            """));
        play.End("begin");
        var steps = 0;
        for (; !play.State.IsFinished; steps++)
        {
            Assert.Equal(play.Now, play.State.WakeAt);
            play.Wait(0);
        }

        Assert.Equal("RUNS_EXCEEDED", play.State.Error!.Reason);
        Assert.InRange(steps, 50, 200);
    }

    public static TheoryData<string, string> Unkept => new()
    {
        { "'a\\u0000b'", "It holds a character with the code 0, which cannot be stored." },
        { $"{new string('[', 60)}{new string(']', 60)}", "It is nested deeper than 50 levels." },
    };

    [Theory]
    [MemberData(nameof(Unkept))]
    public void What_the_database_cannot_hold_is_not_published(string result, string message)
    {
        var play = new Play(Definition.Read("{'tasks': {'one': {'action': 'a.b', 'next': [{'publish': {'x': '{{ result }}'}}]}}}"));
        play.End("one", result: result);
        Assert.Equal(new("EXPRESSION_FAILED", $"tasks.one.next[0].publish: {message}"), play.Finished!.Error);
    }

    [Fact]
    public void The_whole_is_tried_again_with_new_variables_and_run_numbers_that_go_on()
    {
        var retry = RetryPolicy.Never with { MaxAttempts = 3, Delay = TimeSpan.FromSeconds(10), OnFailed = true };
        var play = new Play(
            Definition.Read("{'vars': {'n': 0}, 'tasks': {'one': {'action': 'a.b', 'next': [{'when': 'true', 'publish': {'n': '{{ vars.n + 1 }}'}, 'do': 'two'}]}, 'two': {'action': 'a.b'}}}"),
            retry);
        play.End("one");
        play.End("two", RunOutcome.Failed);
        Assert.Empty(play.Commands);
        Assert.Equal(WorkflowStatus.Running, play.State.Status);
        Assert.Equal(play.Now.AddSeconds(10), play.State.WakeAt);

        play.Wait(10);
        Assert.Equal(3, Assert.Single(play.Live).Key.Run);
        Assert.Equal("0", play.Variable("n"));
        play.End("one");
        play.End("two");
        Assert.Equal(("1", RunOutcome.Completed), (play.Variable("n"), play.Finished!.Outcome));
    }

    [Fact]
    public void A_cancelled_workflow_is_not_tried_again()
    {
        var play = new Play(Definition.Read("{'tasks': {'one': {'action': 'a.b'}}}"), RetryPolicy.Never with { MaxAttempts = 3, OnFailed = true });
        play.Hear(new CancelRequested(play.Now, "Enough."));
        Assert.Equal([new CancelWorkflows(1)], play.Commands);
        play.End("one");
        Assert.Equal(new("CANCELLED", "It was cancelled: Enough."), play.Finished!.Error);
    }

    [Fact]
    public void What_ended_in_a_pause_is_not_cancelled_when_something_else_fails_the_workflow_at_its_end()
    {
        var play = new Play(Definition.Read("{'cancellation': 'cancel_running', 'tasks': {'one': {'action': 'a.b'}, 'two': {'action': 'a.b'}, 'three': {'action': 'a.b'}}}"));
        play.Hear(new PauseRequested(play.Now, ""));
        Assert.Equal([new PauseRun(1), new PauseRun(2), new PauseRun(3)], play.Commands);
        play.End("one", RunOutcome.Failed);
        play.End("two");
        Assert.Empty(play.Commands);

        play.Hear(new ResumeRequested(play.Now));
        Assert.Equal([new ResumeRun(3), new CancelRun(3)], play.Commands);
    }

    [Fact]
    public void A_paused_workflow_that_is_cancelled_is_not_paused_any_longer_and_neither_are_those_below()
    {
        var play = new Play(Definition.Read("{'tasks': {'one': {'action': 'a.b'}}}"));
        play.Hear(new PauseRequested(play.Now, ""));
        play.Hear(new CancelRequested(play.Now, ""));
        Assert.Equal([new CancelWorkflows(1)], play.Commands);
        Assert.False(play.State.IsPaused);
    }

    [Fact]
    public void Large_variables_are_not_kept_for_tasks_that_may_run_again()
    {
        var tasks = Enumerable.Range(0, 40).Select(index => $"'t{index}': {{'action': 'a.b', 'next': [{{'publish': {{'x': '{{{{ result }}}}'}}, 'do': {(index < 39 ? $"'t{index + 1}'" : "'noop'")}}}]}}");
        var large = $"['{new string('x', 30_000)}', '{new string('y', 30_000)}']";
        var play = new Play(Definition.Read($"{{'tasks': {{{string.Join(',', tasks)}}}}}"));
        for (var index = 0; index < 40; index++)
            play.End($"t{index}", result: large);

        Assert.Equal(RunOutcome.Completed, play.Finished!.Outcome);
        Assert.InRange(play.BytesMax, 1, 2_500_000);
        play.Hear(new RerunRequested(play.Now, ["t3"]));
        Assert.Equal(["t3"], play.Started);
    }

    [Fact]
    public void What_is_too_large_to_publish_does_not_make_the_state_large()
    {
        var play = new Play(Definition.Read("{'tasks': {'one': {'action': 'a.b', 'next': [{'publish': {'x': '{{ result }}'}}]}}}"));
        play.End("one", result: "range(100000, 160000)");
        Assert.Equal("VARIABLES_TOO_LARGE", play.Finished!.Error!.Reason);
        Assert.InRange(play.BytesMax, 1, 1000);
    }

    [Fact]
    public void The_same_item_may_be_edited_again_and_again()
    {
        var play = new Play(Definition.Read(
            """
            {'tasks': {'copy': {'action': 'a.b', 'with_items': [10, 11, 12], 'concurrency': 1, 'input': {'n': '{{ item }}'}, 'next': [
              {'publish': {'all': '{{ result }}'}}]}}}
            """));
        play.End("copy", result: "0");
        play.End("copy", RunOutcome.Failed);
        Assert.Equal(("BROKEN", "Task 'copy' failed: Item 1 failed: It broke."), (play.Finished!.Error!.Reason, play.Finished.Error.Message));

        play.Hear(new EditRequested(play.Now, "copy", 1, Play.Of("{n: 'again'}"), null));
        var again = play.Commands.OfType<StartAction>().Single();
        Assert.Equal((new RunKey(1, 1, 1), """{"n": "again"}"""), (again.Key, again.Parameters.Show(100)));
        play.End("copy", RunOutcome.Failed);
        Assert.True(play.State.IsFinished);

        play.Hear(new EditRequested(play.Now, "copy", 1, null, Play.Of("'set'")));
        Assert.Equal(["copy[2]"], play.Started);
        play.Hear(new PauseRequested(play.Now, ""));
        play.Hear(new EditRequested(play.Now, "copy", 1, null, Play.Of("'set again'")));
        play.Hear(new ResumeRequested(play.Now));
        play.End("copy", result: "2");
        Assert.Equal("""[null, "set again", null]""", play.Variable("all"));
    }

    [Fact]
    public void Values_for_many_tasks_are_asked_for_at_once()
    {
        var count = 300;
        var firsts = Enumerable.Range(0, count).Select(index => $"'f{index}': {{'action': 'a.b', 'next': [{{'do': 'all'}}]}}");
        var seconds = Enumerable.Range(0, count).Select(index => $"'s{index}': {{'action': 'a.b', 'delay': 5, 'input': {{'x': '{{{{ task.f{index}.result }}}}'}}}}");
        var targets = string.Join(',', Enumerable.Range(0, count).Select(index => $"'s{index}'"));
        var play = new Play(Definition.Read(
            $"{{'tasks': {{{string.Join(',', firsts)}, {string.Join(',', seconds)}, 'all': {{'action': 'a.b', 'join': 'all', 'next': [{{'do': [{targets}]}}]}}}}}}"));
        play.Hear([.. play.Live.Keys.Select(key => play.Ended(key, result: $"{key.Run}"))]);
        play.End("all");
        Assert.Empty(play.Started);

        play.Wait(5);
        Assert.Equal(count, play.Started.Length);
        Assert.Equal(1, play.Rounds);
        Assert.Equal("""{"x": 300}""", play.Commands.OfType<StartAction>().Last().Parameters.Show(100));
    }

    [Fact]
    public void A_state_of_another_workflow_is_refused()
    {
        var play = new Play(Definition.Read("{'tasks': {'one': {'action': 'a.b'}, 'two': {'action': 'a.b'}}}"));
        var other = Definition.Read("{'tasks': {'one': {'action': 'a.b'}}}");
        Assert.Throws<FormatException>(() => WorkflowState.Parse(other, play.State.ToJson()));
        foreach (var text in (string[])["", "[]", "{", "{\"status\": 99}", "{\"status\": \"x\"}", "{\"runs\": [{\"n\": 1, \"t\": 0, \"node\": 5, \"phase\": 0}]}"])
            Assert.Throws<FormatException>(() => WorkflowState.Parse(other, System.Text.Encoding.UTF8.GetBytes(text)));
    }
}
