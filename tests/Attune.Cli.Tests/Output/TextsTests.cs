using Attune.Cli.Output;
using Attune.Testing;
using Google.Protobuf.WellKnownTypes;

namespace Attune.Cli.Tests.Output;

public sealed class TextsTests
{
    static readonly DateTimeOffset noon = new(2026, 1, 31, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(1, "just now")]
    [InlineData(42, "42 s ago")]
    [InlineData(185, "3 min ago")]
    [InlineData(7200, "2 h ago")]
    [InlineData(3 * 86400, "3 d ago")]
    [InlineData(40 * 86400, "2025-12-22")]
    [InlineData(-3600, "in 1 h")]
    public void Times_are_told_from_now(int secondsAgo, string expected)
        => Assert.Equal(expected, Texts.Ago(Timestamp.FromDateTimeOffset(noon - TimeSpan.FromSeconds(secondsAgo)), new ManualClock(noon)));

    [Theory]
    [InlineData(85, "85 ms")]
    [InlineData(1250, "1.2 s")]
    [InlineData(59990, "59.9 s")]
    [InlineData(185_000, "3 min 5 s")]
    [InlineData(7_800_000, "2 h 10 min")]
    public void Lengths_have_two_figures_that_matter(int milliseconds, string expected)
        => Assert.Equal(expected, Texts.Length(TimeSpan.FromMilliseconds(milliseconds)));

    [Theory]
    [InlineData("a > b", "\"a > b\"")]
    [InlineData("\\u003e", "\"\\\\u003e\"")]
    [InlineData("\\<\n", "\"\\\\<\\n\"")]
    public void Only_what_need_be_is_escaped_in_JSON(string text, string expected)
        => Assert.Equal(expected, WireJson.Of(Value.ForString(text)));

    [Theory]
    [InlineData(30, "30 s")]
    [InlineData(600, "10 min")]
    [InlineData(5400, "1 h 30 min")]
    public void Settings_read_as_they_were_written(int seconds, string expected)
        => Assert.Equal(expected, Texts.Setting(TimeSpan.FromSeconds(seconds)));

    [Theory]
    [InlineData("""{"a":"no","b":"1e3","c":"plain","d":true,"e":null,"f":1.5,"g":[],"h":{},"i":"x: y","j":"2026-01-01"}""")]
    [InlineData("""[{"id":"1","text":"two\nlines\n"},{"id":"2","text":"\u001b[31m"}]""")]
    public void YAML_reads_back_as_the_same_document(string json)
    {
        var yaml = YamlText.OfJson(json);

        var file = Path.GetTempFileName();
        File.WriteAllText(file, $"all:\n{string.Join('\n', yaml.Split('\n').Select(line => "  " + line))}\n");
        var read = Attune.Cli.Parameters.ParameterFile.Read(file);
        File.Delete(file);
        Assert.Equal(Value.Parser.ParseJson(json), read.Fields["all"]);
    }
}
