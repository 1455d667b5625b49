using Attune.Testing;
using Attune.V1;

namespace Attune.EndToEnd.Tests.MainPath;

[Collection(MainSite.Collection)]
public sealed class OutputTests(MainSite main) : IAsyncLifetime
{
    const int Mebibyte = 1 << 20;

    readonly TestPack pack = new("e2e_output");

    static CancellationToken Soon => Waiting.SoonEnough;

    public async Task InitializeAsync()
    {
        // What it is to print comes as its parameter, so that one action serves for each format.
        foreach (var format in (string[])["text", "json", "yaml", "jsonl"])
        {
            pack.Shell(
                format,
                "eval \"$(cat)\"; printf '%s' \"$print\"; echo 'said on stderr' >&2; exit \"$code\"",
                "parameters: {print: {type: string}, code: {type: integer, default: 0}}\n"
                + $"parameter_format: dotenv\noutput_format: {format}");
        }

        pack.Shell("flood_text", $"head -c {2 * Mebibyte} /dev/zero | tr '\\0' x");
        pack.Shell("flood_json", $"echo '\"'; head -c {2 * Mebibyte} /dev/zero | tr '\\0' x; echo '\"'", "output_format: json");
        pack.Shell("flood_log", $"yes 0123456789abcde | head -c {12 * Mebibyte} >&2");
        await pack.InstallAsync(main.Site.Client, Soon);
    }

    public Task DisposeAsync()
    {
        pack.Dispose();
        return Task.CompletedTask;
    }

    [Theory]
    [InlineData("text", "two\nlines\n", "\"two\\nlines\"")]
    [InlineData("text", "", "\"\"")]
    [InlineData("json", "{\"a\": [1, 2.5, null, true, \"ü\"]}", "{ \"a\": [ 1, 2.5, null, true, \"ü\" ] }")]
    [InlineData("yaml", "a: 1\nb: [x, 'no']\n", "{ \"a\": 1, \"b\": [ \"x\", \"no\" ] }")]
    [InlineData("jsonl", "{\"n\": 1}\n\n{\"n\": 2}\n", "[ { \"n\": 1 }, { \"n\": 2 } ]")]
    public async Task Output_is_read_as_the_action_declares(string format, string printed, string result)
    {
        var execution = await PrintAsync(format, printed);

        Assert.Equal((ExecutionStatus.Completed, result), (execution.Status, execution.Result.ToString()));
    }

    [Theory]
    [InlineData("json", "{\"a\": 1,\n \"b\": oops}", "line 2, column 7")]
    [InlineData("json", "", "nothing")]
    [InlineData("jsonl", "{\"n\": 1}\n{\"n\": }\n", "line 2, column 7")]
    [InlineData("yaml", "a: 1\nb: [x\n", "line 2")]
    public async Task Output_that_is_not_what_the_action_declares_fails_and_says_where(string format, string printed, string where)
    {
        var execution = await PrintAsync(format, printed);

        Assert.Equal((ExecutionStatus.Failed, "OUTPUT_INVALID"), (execution.Status, execution.Error.Reason));
        Assert.Contains(where, execution.Error.Message);
    }

    [Theory]
    [InlineData("text", "so far", "\"so far\"")]
    [InlineData("json", "{\"so\": \"far\"}", "{ \"so\": \"far\" }")]
    [InlineData("jsonl", "1\n2", "[ 1, 2 ]")]
    public async Task A_failing_process_keeps_its_result_its_exit_code_and_its_last_words(string format, string printed, string result)
    {
        var execution = await PrintAsync(format, printed, code: 7);

        Assert.Equal((ExecutionStatus.Failed, "EXIT_CODE", 7), (execution.Status, execution.Error.Reason, execution.Error.ExitCode));
        Assert.Equal("said on stderr", execution.Error.StderrTail);
        Assert.Equal(result, execution.Result.ToString());
    }

    [Fact]
    public async Task Text_beyond_a_mebibyte_is_cut_and_says_so()
    {
        var execution = await main.Site.RunAsync("e2e_output.flood_text", "{}", Soon);

        Assert.Equal(ExecutionStatus.Completed, execution.Status);
        Assert.StartsWith(new string('x', Mebibyte), execution.Result.StringValue);
        Assert.EndsWith($"[output truncated: {2 * Mebibyte} bytes in all]", execution.Result.StringValue);
    }

    [Fact]
    public async Task Json_beyond_a_mebibyte_is_no_result()
    {
        var execution = await main.Site.RunAsync("e2e_output.flood_json", "{}", Soon);

        Assert.Equal((ExecutionStatus.Failed, "OUTPUT_TOO_LARGE"), (execution.Status, execution.Error.Reason));
    }

    [Fact]
    public async Task A_log_beyond_ten_mebibytes_is_cut_and_says_so()
    {
        var execution = await main.Site.RunAsync("e2e_output.flood_log", "{}", Soon);
        var log = await main.Site.ReadLogAsync(execution.Id, Soon);

        Assert.Equal(ExecutionStatus.Completed, execution.Status);
        Assert.InRange(log.Where(chunk => chunk.Stream is LogStream.Stderr).Sum(chunk => chunk.Content.Length), 9 * Mebibyte, 10 * Mebibyte);
        Assert.Contains("log truncated", log[^1].Content.ToStringUtf8());
        Assert.Equal(Enumerable.Range(1, log.Count).Select(each => (long)each), log.Select(chunk => chunk.Sequence));
    }

    Task<Execution> PrintAsync(string format, string printed, int code = 0)
        => main.Site.RunAsync(
            $"e2e_output.{format}", System.Text.Json.JsonSerializer.Serialize(new { print = printed, code }), Soon);
}
