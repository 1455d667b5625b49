using System.Text;
using Attune.Agent.Sensors;

namespace Attune.Agent.Tests.Sensors;

public sealed class EventLineTests
{
    static readonly string[] Triggers = ["watch.file_added", "watch.line_matched"];

    static string Why(ReadOnlySpan<byte> line)
    {
        Assert.Null(EventLine.Read(line, Triggers, out var why));
        return why;
    }

    [Fact]
    public void A_line_names_its_trigger_and_carries_its_payload_as_written()
    {
        var read = EventLine.Read("""{"key":"k-1","payload":{"path": "ä", "size":1e3,"deep":[{"x":null}]},"rule":"ops.one","trigger":"watch.file_added"}"""u8, Triggers, out _)!;

        Assert.Equal(("watch.file_added", "ops.one", "k-1"), (read.TriggerRef, read.RuleRef, read.IdempotencyKey));
        Assert.Equal("""{"path": "ä", "size":1e3,"deep":[{"x":null}]}""", read.Payload.ToStringUtf8());
    }

    [Theory]
    [InlineData("""{"trigger":"watch.file_added","payload":{}}""")]
    [InlineData(""" {"payload":{},"trigger":"watch.file_added","rule":null,"key":null} """)]
    public void Rule_and_key_may_be_missing(string line)
    {
        var read = EventLine.Read(Encoding.UTF8.GetBytes(line), Triggers, out _)!;

        Assert.Equal(("", "", "{}"), (read.RuleRef, read.IdempotencyKey, read.Payload.ToStringUtf8()));
    }

    [Theory]
    [InlineData("hello", "it is not JSON, at byte 1")]
    [InlineData("""{"trigger":"watch.file_added","payload":{"a":1}""", "it is not JSON")]
    [InlineData("""{"trigger":"watch.file_added","payload":{}} {}""", "it is not JSON, at byte 45")]
    [InlineData("[1]", "it is no JSON object")]
    [InlineData("""{"payload":{}}""", "'trigger' is missing")]
    [InlineData("""{"trigger":"watch.file_added"}""", "'payload' is missing")]
    [InlineData("""{"trigger":"watch.file_added","payload":[1]}""", "'payload' must be an object")]
    [InlineData("""{"trigger":7,"payload":{}}""", "'trigger' must be a string")]
    [InlineData("""{"trigger":"watch.file_aded","payload":{}}""", "'watch.file_aded' is no trigger of this sensor. Did you mean 'watch.file_added'?")]
    [InlineData("""{"trigger":"x","payload":{}}""", "Known: watch.file_added, watch.line_matched.")]
    [InlineData("""{"triger":"watch.file_added","payload":{}}""", "'triger' is not known. Did you mean 'trigger'?")]
    [InlineData("""{"trigger":"watch.file_added","payload":{},"key":""}""", "'key' must have 1 to 255 characters")]
    [InlineData("""{"trigger":"watch.file_added","payload":{},"rule":5}""", "'rule' must be a string")]
    [InlineData("""{"trigger":"watch.file_added","payload":{"a":"x\u0000y"}}""", "its payload holds \\u0000")]
    [InlineData("""{"trigger":"watch.file_added","payload":{"a\u0000":1}}""", "its payload holds \\u0000")]
    [InlineData("""{"trigger":"watch.file_added","payload":{"a":"\ud800"}}""", "half of a surrogate pair")]
    [InlineData("""{"trigger":"watch.file_added","payload":{"a":1e999}}""", "the number 1e999 in its payload is out of range")]
    public void A_line_that_is_no_event_says_what_is_wrong(string line, string expected)
        => Assert.Contains(expected, Why(Encoding.UTF8.GetBytes(line)), StringComparison.Ordinal);

    [Fact]
    public void NUL_bytes_and_wrong_UTF8_are_refused_by_name()
    {
        Assert.Contains("NUL", Why("{\"trigger\":\"watch.file_added\",\"payload\":{\"a\":\"\0\"}}"u8), StringComparison.Ordinal);
        Assert.Contains("not UTF-8", Why([.. "{\"trigger\":\"watch.file_added\",\"payload\":{\"a\":\""u8, 0xff, .. "\"}}"u8]), StringComparison.Ordinal);
    }

    [Fact]
    public void A_payload_may_be_thirty_levels_deep_and_no_deeper()
    {
        static byte[] Deep(int levels) => Encoding.UTF8.GetBytes(
            $$"""{"trigger":"watch.file_added","payload":{{string.Concat(Enumerable.Repeat("{\"a\":", levels - 1))}}{}{{new string('}', levels - 1)}}}""");

        Assert.NotNull(EventLine.Read(Deep(30), Triggers, out _));
        Assert.Contains("not JSON", Why(Deep(31)), StringComparison.Ordinal);
    }

    [Fact]
    public void Any_beginning_of_a_line_is_no_event()
    {
        var line = Encoding.UTF8.GetBytes("""{"trigger":"watch.file_added","payload":{"path":"/srv/in/ä","n":12},"key":"k"}""");
        for (var length = 0; length < line.Length; length++)
            Assert.Null(EventLine.Read(line.AsSpan(0, length), Triggers, out _));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(1000)]
    public void Lines_are_the_same_however_the_pieces_are_cut(int piece)
    {
        var lines = new List<string>();
        var cutter = new LineCutter(10, (line, isCut) => lines.Add(Encoding.UTF8.GetString(line) + (isCut ? "|cut" : "")));
        foreach (var part in "one\n\n0123456789\n0123456789A\n0123456789ABCDEF\ntwo\nlast"u8.ToArray().Chunk(piece))
            cutter.Write(part);
        cutter.Complete();

        Assert.Equal(["one", "", "0123456789", "0123456789|cut", "0123456789|cut", "two", "last"], lines);
    }
}
