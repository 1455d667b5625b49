using Attune.Cli.Parameters;
using Attune.Cli.Tests.Planes;
using Google.Protobuf.WellKnownTypes;

namespace Attune.Cli.Tests.Parameters;

public sealed class ParameterSetTests
{
    static readonly Dictionary<string, string> files = new()
    {
        ["key"] = "s3cret\n",
        ["windows"] = "line\r\n",
        ["two"] = "a\n\n",
        ["tls.json"] = """{"depth": 3}""",
    };

    [Theory]
    [InlineData("host=example.com", """{"host": "example.com"}""")]
    [InlineData("host=443", """{"host": "443"}""")]
    [InlineData("host=", """{"host": ""}""")]
    [InlineData("host=a=b", """{"host": "a=b"}""")]
    [InlineData("host=true", """{"host": "true"}""")]
    [InlineData("port=8443", """{"port": 8443}""")]
    [InlineData("port=-1", """{"port": -1}""")]
    [InlineData("port=9007199254740991", """{"port": 9007199254740991}""")]
    [InlineData("ratio=0.5", """{"ratio": 0.5}""")]
    [InlineData("ratio=1e-3", """{"ratio": 0.001}""")]
    [InlineData("verify=yes", """{"verify": true}""")]
    [InlineData("verify=FALSE", """{"verify": false}""")]
    [InlineData("paths=/var", """{"paths": ["/var"]}""")]
    [InlineData("paths=/ paths=/var", """{"paths": ["/", "/var"]}""")]
    [InlineData("""paths=["/","/a b"]""", """{"paths": ["/", "/a b"]}""")]
    [InlineData("""tls={"depth":2}""", """{"tls": {"depth": 2}}""")]
    [InlineData("tls.depth=2 tls.minimum=1.2", """{"tls": {"depth": 2, "minimum": "1.2"}}""")]
    [InlineData("tls=@tls.json", """{"tls": {"depth": 3}}""")]
    [InlineData("extra.a.b=1 extra.a.c=x", """{"extra": {"a": {"b": 1, "c": "x"}}}""")]
    [InlineData("port:=\"text\"", """{"port": "text"}""")]
    [InlineData("host:=null", """{"host": null}""")]
    [InlineData("api_key=@key", """{"api_key": "s3cret"}""")]
    [InlineData("api_key=@windows", """{"api_key": "line"}""")]
    [InlineData("api_key=@two", """{"api_key": "a\n"}""")]
    [InlineData("host=@@here", """{"host": "@here"}""")]
    public void Words_become_what_the_schema_says(string words, string expected)
        => Assert.Equal(Struct.Parser.ParseJson(expected), Parse(words));

    [Theory]
    [InlineData("port=many", "port: what is given is not an integer.")]
    [InlineData("port=1.5", "port: what is given is not an integer.")]
    [InlineData("port=9007199254740993", "as far as JSON numbers are exact")]
    [InlineData("ratio=NaN", "ratio: what is given is not a number.")]
    [InlineData("verify=perhaps", "a boolean")]
    [InlineData("paths=[1", "paths: what is given is not JSON.")]
    [InlineData("tls=[1]", "a JSON object")]
    [InlineData("port:={", "port: what is given is not JSON.")]
    [InlineData("hots=x", "edge.check has no parameter 'hots'. Did you mean 'host'?")]
    [InlineData("tls.depht=1", "has no parameter 'tls.depht'. Did you mean 'depth'?")]
    [InlineData("port.x=1", "nothing inside it")]
    [InlineData("=x", "is not a parameter")]
    [InlineData("host", "is not a parameter")]
    [InlineData("api_key=@absent", "no such file")]
    public void What_does_not_fit_is_refused_and_says_why(string words, string expected)
        => Assert.Contains(expected, Assert.Throws<CommandFailure>(() => Parse(words)).Message);

    [Fact]
    public void A_wrong_value_is_not_repeated_for_it_may_be_a_secret()
        => Assert.DoesNotContain("hunter2", Assert.Throws<CommandFailure>(() => Parse("port=hunter2")).Message);

    [Fact]
    public void Words_lie_over_the_file_and_a_list_replaces_its_list()
    {
        var set = Set();
        set.Lay(Struct.Parser.ParseJson("""{"host": "old", "port": 1, "paths": ["/old"], "tls": {"depth": 1, "minimum": "1.2"}}"""));
        set.Add(["host=new", "paths=/a", "paths=/b", "tls.depth=2"]);

        Assert.Equal(
            Struct.Parser.ParseJson("""{"host": "new", "port": 1, "paths": ["/a", "/b"], "tls": {"depth": 2, "minimum": "1.2"}}"""),
            set.Values);
    }

    [Fact]
    public void An_unknown_name_in_the_file_is_refused_too()
        => Assert.Contains(
            "Did you mean 'host'?",
            Assert.Throws<CommandFailure>(() => Set().Lay(Struct.Parser.ParseJson("""{"hots": "x"}"""))).Message);

    [Theory]
    [InlineData("n=1 b=true t=text s=1.2.3 e=", """{"n": 1, "b": true, "t": "text", "s": "1.2.3", "e": ""}""")]
    [InlineData("""o={"a":1} l=[1] broken={x zero=007""", """{"o": {"a": 1}, "l": [1], "broken": "{x", "zero": "007"}""")]
    public void Without_a_schema_types_are_guessed(string words, string expected)
    {
        var set = new ParameterSet("edge.check", schema: null, ReadFile);
        set.Add(words.Split(' '));
        Assert.Equal(Struct.Parser.ParseJson(expected), set.Values);
    }

    static Struct Parse(string words)
    {
        var set = Set();
        set.Add(words.StartsWith("paths=[", StringComparison.Ordinal) ? [words] : words.Split(' '));
        return set.Values;
    }

    static ParameterSet Set()
        => new("edge.check", ParameterField.Read(Struct.Parser.ParseJson(FakeActions.Schema)), ReadFile);

    static string ReadFile(string name) => files.TryGetValue(name, out var text) ? text : throw new FileNotFoundException($"no such file: {name}");
}
