using System.Text;
using System.Text.Json;
using Attune.Engine.Schemas;

namespace Attune.Engine.Tests.Schemas;

public sealed class SchemaTests
{
    const string Everything = """
        {
          "host": {"type": "string", "required": true, "format": "hostname"},
          "port": {"type": "integer", "default": 443, "minimum": 1, "maximum": 65535},
          "ratio": {"type": "number", "minimum": 0, "maximum": 1},
          "level": {"type": "string", "enum": ["info", "warn"]},
          "code": {"type": "string", "min_length": 2, "max_length": 4, "pattern": "^[a-z]+$"},
          "verbose": {"type": "boolean"},
          "nodes": {"type": "array", "min_length": 1, "max_length": 3, "items": {"type": "object", "properties": {
            "name": {"type": "string", "required": true}, "weight": {"type": "integer", "default": 1}}}},
          "auth": {"type": "object", "properties": {"user": {"type": "string", "default": "root"}, "password": {"type": "string", "secret": true}}},
          "extra": {"type": "object"},
          "anything": {"type": "any"},
          "tokens": {"type": "array", "items": {"type": "string", "secret": true}}
        }
        """;

    static readonly Schema Sample = Read(Everything);

    [Fact]
    public void Defaults_are_filled_in_at_every_level()
        => Assert.Equal(
            """{"host":"a","port":443,"nodes":[{"name":"n","weight":1}],"auth":{"user":"root"}}""",
            Valid(Sample, """{"nodes": [{"name": "n"}], "auth": {}, "host": "a"}"""));

    [Fact]
    public void An_object_that_is_not_given_is_not_made_from_the_defaults_inside_it()
        => Assert.Equal("""{"host":"a","port":443}""", Valid(Sample, """{"host": "a"}"""));

    [Fact]
    public void A_value_that_needs_no_change_comes_back_as_the_very_same_bytes()
    {
        var bytes = Encoding.UTF8.GetBytes("""{ "port":1, "host" : "a" }""");
        var outcome = Sample.Validate(bytes);
        Assert.True(outcome.IsValid);
        Assert.True(outcome.Value.Equals(new ReadOnlyMemory<byte>(bytes)));
    }

    [Fact]
    public void An_empty_object_for_an_empty_schema_costs_nothing()
    {
        var bytes = "{}"u8.ToArray();
        Schema.Empty.Validate(bytes);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var round = 0; round < 1000; round++)
            Schema.Empty.Validate(bytes);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1000);
        Assert.True(Schema.Empty.Validate(bytes).Value.Equals(new ReadOnlyMemory<byte>(bytes)));
    }

    [Fact]
    public void No_bytes_stand_for_an_empty_object()
    {
        Assert.Equal("{}", Text(Schema.Empty.Validate(ReadOnlyMemory<byte>.Empty)));
        Assert.Equal("""{"n":1}""", Text(Read("""{"n": {"type": "integer", "default": 1}}""").Validate(ReadOnlyMemory<byte>.Empty)));
        Assert.Equal("""{"n":1}""", Valid(Read("""{"n": {"type": "integer", "default": 1}}"""), "{}"));
    }

    [Theory]
    [InlineData("""{}""", "host: is required: give a string.")]
    [InlineData("""{"host": null}""", "host: is required: give a string.")]
    [InlineData("""{"host": "-a"}""", "host: must be a hostname such as node-1.example.com.")]
    [InlineData("""{"host": 1}""", "host: must be a string, not a number.")]
    [InlineData("""{"host": "a", "port": "443"}""", "port: must be an integer, not a string.")]
    [InlineData("""{"host": "a", "port": 0}""", "port: must be at least 1.")]
    [InlineData("""{"host": "a", "port": 65536}""", "port: must be at most 65535.")]
    [InlineData("""{"host": "a", "port": 1.5}""", "port: must be a whole number from -9223372036854775808 to 9223372036854775807.")]
    [InlineData("""{"host": "a", "port": 1e40}""", "port: must be a whole number from -9223372036854775808 to 9223372036854775807.")]
    [InlineData("""{"host": "a", "ratio": 1.0000000001}""", "ratio: must be at most 1.")]
    [InlineData("""{"host": "a", "ratio": -1e300}""", "ratio: must be at least 0.")]
    [InlineData("""{"host": "a", "ratio": 1e400}""", "ratio: does not fit a 64-bit floating point number.")]
    [InlineData("""{"host": "a", "anything": [{"x": 1e-400}]}""", "anything[0].x: does not fit a 64-bit floating point number.")]
    [InlineData("""{"host": "a", "level": "debug"}""", "level: must be one of info, warn.")]
    [InlineData("""{"host": "a", "code": "a"}""", "code: must have at least 2 characters, not 1.")]
    [InlineData("""{"host": "a", "code": "abcde"}""", "code: must have at most 4 characters, not 5.")]
    [InlineData("""{"host": "a", "code": "A1"}""", "code: must match the pattern ^[a-z]+$.")]
    [InlineData("""{"host": "a", "verbose": "yes"}""", "verbose: must be true or false, not a string.")]
    [InlineData("""{"host": "a", "nodes": []}""", "nodes: must have at least 1 item, not 0.")]
    [InlineData("""{"host": "a", "nodes": [{"name": "x"}, null]}""", "nodes[1]: must be an object, not null.")]
    [InlineData("""{"host": "a", "nodes": [{"nam": "x", "name": "y"}]}""", "nodes[0].nam: is not known. Did you mean 'name'?")]
    [InlineData("""{"host": "a", "auth": {"User": "x"}}""", "auth.User: is not known. Did you mean 'user'?")]
    [InlineData("""{"host": "a", "hots": "x"}""", "hots: is not known. Did you mean 'host'?")]
    [InlineData("""{"host": "a\u0000b"}""", "host: must be Unicode text without NUL (\\u0000) and without half a surrogate pair.")]
    [InlineData("""{"host": "a", "extra": {"k": ["\ud800"]}}""", "extra.k[0]: must be Unicode text without NUL (\\u0000) and without half a surrogate pair.")]
    [InlineData("""{"host": "a", "extra": {"\u0000": 1}}""", "extra: holds a name that is not Unicode text without NUL (\\u0000).")]
    [InlineData("""[]""", "must be an object, not an array.")]
    [InlineData("""null""", "must be an object, not null.")]
    public void A_mistake_is_named_with_its_path_and_its_remedy(string json, string expected)
        => Assert.Equal([expected], Sample.Validate(Encoding.UTF8.GetBytes(json)).Problems.Select(problem => problem.ToString()));

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("""{"host": "a", "host": "b"}""")]
    [InlineData("""{"host": "a"} {}""")]
    [InlineData("\u00ff")]
    public void What_is_no_json_or_names_a_thing_twice_is_refused(string json)
    {
        var outcome = Sample.Validate(Encoding.Latin1.GetBytes(json is "" ? " " : json));
        Assert.StartsWith("This is not valid JSON", Assert.Single(outcome.Problems).Message, StringComparison.Ordinal);
        Assert.Equal(0, outcome.Value.Length);
    }

    [Fact]
    public void Every_mistake_is_listed_at_once()
    {
        var outcome = Sample.Validate(Encoding.UTF8.GetBytes(
            """{"port": 0, "ratio": 2, "level": "x", "code": "A", "verbose": 1, "nodes": [{}, {"weight": "x"}], "auth": {"pass": 1}, "zzzzzz": 1}"""));

        Assert.Equal(
            ["host", "port", "ratio", "level", "code", "code", "verbose", "nodes[0].name", "nodes[1].name", "nodes[1].weight", "auth.pass", "zzzzzz"],
            outcome.Problems.Select(problem => problem.Path));
    }

    [Fact]
    public void A_flood_of_mistakes_is_cut_and_says_so()
    {
        var json = "{" + string.Join(',', Enumerable.Range(0, 500).Select(number => $"\"unknown{number}\":1")) + "}";
        var problems = Schema.Empty.Validate(Encoding.UTF8.GetBytes(json)).Problems;
        Assert.Equal(Schema.MaxProblems, problems.Count);
        Assert.Equal("has further problems, which are not listed.", problems[^1].Message);
    }

    [Fact]
    public void No_message_repeats_a_string_value()
    {
        var schema = Read("""{"a": {"type": "integer", "secret": true}, "b": {"type": "string", "pattern": "^x$", "format": "uuid", "max_length": 2}}""");
        var problems = schema.Validate("""{"a": "hunter2", "b": "hunter2"}"""u8.ToArray()).Problems;
        Assert.Equal(4, problems.Count);
        Assert.DoesNotContain(problems, problem => problem.ToString().Contains("hunter2", StringComparison.Ordinal));
    }

    [Fact]
    public void Null_means_not_given_unless_anything_goes()
    {
        Assert.Equal("""{"host":"a","port":443}""", Valid(Sample, """{"host": "a", "port": null, "ratio": null}"""));
        Assert.Equal("""{"host":"a","port":443,"anything":null}""", Valid(Sample, """{"host": "a", "anything": null}"""));
        Assert.Equal("""{"v":7}""", Valid(Read("""{"v": {"type": "any", "default": 7}}"""), """{"v": null}"""));
    }

    [Fact]
    public void A_default_satisfies_required()
        => Assert.Equal("""{"v":"x"}""", Valid(Read("""{"v": {"type": "string", "required": true, "default": "x"}}"""), "{}"));

    [Theory]
    [InlineData("3.0", "3")]
    [InlineData("3e2", "300")]
    [InlineData("-0.0", "0")]
    [InlineData("9223372036854775807", "9223372036854775807")]
    public void An_integer_may_be_spelled_with_a_fraction_of_zero(string spelled, string written)
        => Assert.Equal($$"""{"n":{{written}}}""", Valid(Read("""{"n": {"type": "integer"}}"""), $$"""{"n":{{spelled}}}"""));

    [Theory]
    [InlineData("0")]
    [InlineData("0e10")]
    [InlineData("0.0")]
    [InlineData("-1.5e-300")]
    public void Ordinary_numbers_are_left_as_they_are(string spelled)
        => Assert.Equal($$"""{"n":{{spelled}}}""", Valid(Read("""{"n": {"type": "number"}}"""), $$"""{"n":{{spelled}}}"""));

    [Fact]
    public void Lengths_count_characters_not_utf16_units()
        => Assert.Equal("""{"s":"😀😀"}""", Valid(Read("""{"s": {"type": "string", "min_length": 2, "max_length": 2}}"""), """{"s":"😀😀"}"""));

    [Fact]
    public void Enum_compares_values_not_spellings()
        => Assert.Equal("""{"n":1.0}""", Valid(Read("""{"n": {"type": "number", "enum": [1, 2]}}"""), """{"n":1.0}"""));

    [Fact]
    public void A_pattern_that_backtracks_for_ever_is_stopped()
    {
        var schema = Read("""{"s": {"type": "string", "pattern": "^(?=(a+)+$)(a+)+$"}}""");
        var problem = Assert.Single(schema.Validate(Encoding.UTF8.GetBytes($$"""{"s":"{{new string('a', 60)}}!"}""")).Problems);
        Assert.Contains("too long to match", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Secrets_are_found_at_every_depth()
    {
        Assert.Equal(["auth.password", "tokens"], Sample.SecretPaths);
        Assert.True(Sample.HasSecrets);
        Assert.False(Schema.Empty.HasSecrets);
    }

    [Fact]
    public void Secrets_are_replaced_and_nothing_else_is()
    {
        var replaced = Sample.ReplaceSecrets(
            """{"host":"<é>","auth":{"user":"u","password":"p"},"tokens":["a","b"],"odd":1}"""u8.ToArray(),
            (writer, _) => writer.WriteStringValue("***"));
        Assert.Equal(
            """{"host":"<é>","auth":{"user":"u","password":"***"},"tokens":"***","odd":1}""", Encoding.UTF8.GetString(replaced.Span));
    }

    [Theory]
    [InlineData("""{"auth":null,"tokens":null}""")]
    [InlineData("""{"auth":"not an object"}""")]
    public void Replacing_secrets_leaves_what_does_not_fit(string json)
        => Assert.Equal(json, Encoding.UTF8.GetString(
            Sample.ReplaceSecrets(Encoding.UTF8.GetBytes(json), (writer, _) => writer.WriteStringValue("***")).Span));

    [Fact]
    public void A_path_is_put_below_the_callers_root()
    {
        Assert.Equal("parameters.port", new SchemaProblem("port", "").PathUnder("parameters"));
        Assert.Equal("parameters", new SchemaProblem("", "").PathUnder("parameters"));
        Assert.Equal("items[3]", new SchemaProblem("[3]", "").PathUnder("items"));
    }

    static Schema Read(string json)
    {
        using var document = JsonDocument.Parse(json);
        var reading = Schema.Parse(document.RootElement);
        Assert.Empty(reading.Problems);
        return reading.Schema!;
    }

    static string Valid(Schema schema, string json) => Text(schema.Validate(Encoding.UTF8.GetBytes(json)));

    static string Text(SchemaOutcome outcome)
    {
        Assert.Empty(outcome.Problems);
        return Encoding.UTF8.GetString(outcome.Value.Span);
    }
}
