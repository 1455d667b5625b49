using Attune.Cli.Parameters;
using Google.Protobuf.WellKnownTypes;

namespace Attune.Cli.Tests.Parameters;

public sealed class ParameterFileTests : IDisposable
{
    readonly string file = Path.GetTempFileName();

    [Theory]
    [InlineData("""{"a": 1, "b": [true, null]}""", """{"a": 1, "b": [true, null]}""")]
    [InlineData("a: 1\nb:\n  - yes\n  - '2'\nc: {d: x}\n", """{"a": 1, "b": ["yes", "2"], "c": {"d": "x"}}""")]
    [InlineData("a: ~\nb: true\nc: 1.5\nd: 1.2.3\n", """{"a": null, "b": true, "c": 1.5, "d": "1.2.3"}""")]
    [InlineData("", "{}")]
    public void It_is_JSON_or_YAML(string text, string expected)
    {
        File.WriteAllText(file, text);
        Assert.Equal(Struct.Parser.ParseJson(expected), ParameterFile.Read(file));
    }

    [Theory]
    [InlineData("""{"a": }""")]
    [InlineData("- a\n- b\n")]
    [InlineData("a: &x 1\nb: *x\n")]
    [InlineData("a: [1\n")]
    public void Anything_else_is_refused(string text)
    {
        File.WriteAllText(file, text);
        Assert.Contains("is not a JSON or YAML object", Assert.Throws<CommandFailure>(() => ParameterFile.Read(file)).Message);
    }

    public void Dispose() => File.Delete(file);
}
