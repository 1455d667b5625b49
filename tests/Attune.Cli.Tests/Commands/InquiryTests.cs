using System.Text.Json;
using Attune.V1;

namespace Attune.Cli.Tests.Commands;

public sealed class InquiryTests
{
    [Fact]
    public async Task A_list_shows_what_is_asked_of_whom()
    {
        await using var bench = await CliBench.StartAsync();

        var run = await bench.RunAsync("inquiry", "list");

        Assert.Equal(0, run.ExitCode);
        var lines = run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(["ID", "WORKFLOW", "TASK", "STATUS", "QUESTION", "FOR", "CREATED"], lines[0].Split("  ", StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)[..7]);
        Assert.Matches(@"^9 +shop\.deploy +approve +responded +Install web:1\.2 on 3 hosts\? Think twice\.", lines[1]);
        Assert.Contains("bob, holders of shop.approvers", lines[2]);
    }

    [Fact]
    public async Task Every_filter_is_sent()
    {
        await using var bench = await CliBench.StartAsync();

        var run = await bench.RunAsync(
            "inquiry", "list", "--mine", "--status", "pending", "--status", "timeout", "--workflow", "41", "--action", "shop.deploy", "--pack", "shop",
            "--since", "2026-01-01", "--until", "2026-02-01", "-o", "json");

        var asked = Assert.Single(bench.Plane.Inquiries.Listed);
        Assert.Equal((true, 41, "shop.deploy", "shop"), (asked.Answerable, asked.WorkflowExecutionId, asked.ActionRef, asked.PackRef));
        Assert.Equal([InquiryStatus.Pending, InquiryStatus.Timeout], asked.Statuses);
        Assert.Equal((1, 2), (asked.CreatedAfter.ToDateTime().Month, asked.CreatedBefore.ToDateTime().Month));
        Assert.Equal(3, JsonDocument.Parse(run.Output).RootElement.GetArrayLength());
    }

    [Fact]
    public async Task A_list_goes_on_over_pages_and_says_when_there_is_nothing()
    {
        await using var bench = await CliBench.StartAsync();
        bench.Plane.Inquiries.ListTotal = 7;

        Assert.Equal("13\n12\n11\n10\n9\n8\n7\n", (await bench.RunAsync("inquiry", "list", "--all", "--page-size", "3", "--quiet")).Output);
        bench.Plane.Inquiries.ListTotal = 0;
        Assert.Contains("Nothing waits for your answer.", (await bench.RunAsync("inquiry", "list", "--mine")).Errors);
    }

    [Fact]
    public async Task One_is_shown_with_how_to_answer_it_or_why_not_and_with_every_answer()
    {
        await using var bench = await CliBench.StartAsync();

        var mine = await bench.RunAsync("inquiry", "show", "7");
        Assert.Contains("attune inquiry respond 7", mine.Output);
        Assert.Matches(@"approved  boolean, required: Whether to go on", mine.Output);
        Assert.Contains("every 30 min", mine.Output);
        var theirs = await bench.RunAsync("inquiry", "show", "8");
        Assert.Contains("This question is for bob", theirs.Output);
        Assert.Contains("2 people", theirs.Output);
        var over = await bench.RunAsync("inquiry", "show", "9");
        Assert.Matches("""bob, .*: \{ ?"approved": true ?\}""", over.Output);
        Assert.Matches("""eve, .*, too late: \{ ?"approved": false ?\}""", over.Output);
        Assert.DoesNotContain("This question is for", over.Output);
        var none = await bench.RunAsync("inquiry", "show", "404");
        Assert.Equal((2, true), (none.ExitCode, none.Errors.Contains("No inquiry 404", StringComparison.Ordinal)));
        Assert.Contains("attune inquiry list", (await bench.RunAsync("inquiry", "show", "seven")).Errors);
    }

    [Fact]
    public async Task Words_are_typed_by_the_schema_of_the_question()
    {
        await using var bench = await CliBench.StartAsync();

        var run = await bench.RunAsync("inquiry", "respond", "7", "approved=yes", "hosts=3");

        Assert.Equal((0, ""), (run.ExitCode, run.Output));
        Assert.Contains("Inquiry 7 is responded, and its workflow goes on.", run.Errors);
        var asked = Assert.Single(bench.Plane.Inquiries.Answered);
        Assert.Equal("""{ "approved": true, "hosts": 3 }""", asked.Response.ToString());
        Assert.NotEqual("", asked.RequestId);
    }

    [Theory]
    [InlineData("""{"approved": false, "hosts": 1}""", null)]
    [InlineData("-", "approved: false\nhosts: 1\n")]
    [InlineData("@", null)]
    public async Task A_response_is_an_object_a_file_or_stdin_and_words_are_laid_over_it(string given, string? input)
    {
        await using var bench = await CliBench.StartAsync();
        if (given is "@")
            given += bench.Write("answer.json", """{"approved": false, "hosts": 1}""");

        var run = await bench.RunAsync(input, ["inquiry", "respond", "7", "--response", given, "hosts=2"]);

        Assert.Equal(0, run.ExitCode);
        Assert.Equal("""{ "approved": false, "hosts": 2 }""", Assert.Single(bench.Plane.Inquiries.Answered).Response.ToString());
    }

    [Fact]
    public async Task What_the_question_does_not_ask_for_is_refused_before_anything_is_sent()
    {
        await using var bench = await CliBench.StartAsync();

        var run = await bench.RunAsync("inquiry", "respond", "7", "aproved=yes");

        Assert.Equal(2, run.ExitCode);
        Assert.Contains("approved", run.Errors);
        Assert.Empty(bench.Plane.Inquiries.Answered);
    }

    [Fact]
    public async Task Without_an_answer_and_without_a_terminal_it_says_how_to_give_one()
    {
        await using var bench = await CliBench.StartAsync();

        var run = await bench.RunAsync("", ["inquiry", "respond", "7"]);

        Assert.Equal(2, run.ExitCode);
        Assert.Contains("--response JSON", run.Errors);
        Assert.Contains("attune inquiry show 7", run.Errors);
        Assert.Empty(bench.Plane.Inquiries.Answered);
    }

    [Fact]
    public async Task On_a_terminal_each_field_is_asked_for_until_it_fits()
    {
        await using var bench = await CliBench.StartAsync();

        var run = await bench.OnTerminalAsync("\rmaybe\ry\rmany\r3\r\r", "inquiry respond 7");

        Assert.Equal(0, run.ExitCode);
        Assert.Contains("Install web:1.2 on 3 hosts?", run.Output);
        Assert.Contains("approved (yes or no) Whether to go on", run.Output);
        Assert.Contains("This one must be given.", run.Output);
        Assert.Contains("where (one | all, default all)", run.Output);
        Assert.Equal("""{ "approved": true, "hosts": 3 }""", Assert.Single(bench.Plane.Inquiries.Answered).Response.ToString());
    }

    [Fact]
    public async Task Nobody_is_asked_for_an_answer_that_would_be_refused()
    {
        await using var bench = await CliBench.StartAsync();

        var run = await bench.OnTerminalAsync("", "inquiry respond 8");

        Assert.Equal(2, run.ExitCode);
        Assert.Contains("This question is for bob", run.Output);
        Assert.Empty(bench.Plane.Inquiries.Answered);
    }

    [Fact]
    public async Task Who_may_answer_and_not_read_answers_without_a_schema()
    {
        await using var bench = await CliBench.StartAsync();

        var run = await bench.RunAsync("inquiry", "respond", "10", "approved=true", "-o", "json");

        Assert.Equal(0, run.ExitCode);
        Assert.Equal("INQUIRY_STATUS_PENDING", JsonDocument.Parse(run.Output).RootElement.GetProperty("status").GetString());
        Assert.Equal("""{ "approved": true }""", Assert.Single(bench.Plane.Inquiries.Answered).Response.ToString());
        Assert.Contains("Inquiry 10 waits for others.", (await bench.RunAsync("inquiry", "respond", "10", "approved=true")).Errors);
    }

    [Fact]
    public async Task A_late_answer_is_told_so()
    {
        await using var bench = await CliBench.StartAsync();

        var run = await bench.RunAsync("inquiry", "respond", "9", "approved=yes");

        Assert.Equal((2, true), (run.ExitCode, run.Errors.Contains("Inquiry 9 is answered.", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task One_is_withdrawn_with_its_reason()
    {
        await using var bench = await CliBench.StartAsync();

        var run = await bench.RunAsync("inquiry", "cancel", "7", "--reason", "not needed");

        Assert.Equal(0, run.ExitCode);
        Assert.Contains("Inquiry 7 is withdrawn", run.Errors);
        var asked = Assert.Single(bench.Plane.Inquiries.Cancelled);
        Assert.Equal((7, "not needed"), (asked.InquiryId, asked.Reason));
    }
}
