using System.Text;
using System.Text.Json;
using Attune.Engine.Schemas;

namespace Attune.Engine.Tests.Schemas;

public sealed class SchemaDefinitionTests
{
    [Theory]
    [InlineData("""[]""", ": must map names to fields")]
    [InlineData("""{"a": "string"}""", "a: must be a field such as {type: string}, not a string.")]
    [InlineData("""{"1a": {"type": "string"}}""", "1a: is no field name")]
    [InlineData("""{"a.b": {"type": "string"}}""", "a.b: is no field name")]
    [InlineData("""{"a": {}}""", "a.type: is missing: one of string, integer,")]
    [InlineData("""{"a": {"type": "int"}}""", "a.type: 'int' is no type: one of string, integer, number, boolean, object, array, any. Write integer.")]
    [InlineData("""{"a": {"type": 1}}""", "a.type: must be a string, not a number.")]
    [InlineData("""{"a": {"type": "string", "requried": true}}""", "a.requried: is not known in a schema field. Did you mean 'required'?")]
    [InlineData("""{"a": {"type": "string", "minLength": 1}}""", "a.minLength: is not known in a schema field. Did you mean 'min_length'?")]
    [InlineData("""{"a": {"type": "string", "required": "yes"}}""", "a.required: must be true or false.")]
    [InlineData("""{"a": {"type": "string", "description": 1}}""", "a.description: must be a string, not a number.")]
    [InlineData("""{"a": {"type": "string", "enum": []}}""", "a.enum: must list at least one value.")]
    [InlineData("""{"a": {"type": "string", "enum": ["x", 1]}}""", "a.enum: holds a value that the field itself refuses")]
    [InlineData("""{"a": {"type": "string", "minimum": 1}}""", "a.minimum: applies to integer and number only.")]
    [InlineData("""{"a": {"type": "integer", "minimum": "1"}}""", "a.minimum: must be a number.")]
    [InlineData("""{"a": {"type": "integer", "minimum": 2, "maximum": 1}}""", "a.minimum: is greater than maximum.")]
    [InlineData("""{"a": {"type": "integer", "min_length": 2}}""", "a.min_length: applies to string and array only.")]
    [InlineData("""{"a": {"type": "string", "min_length": -1}}""", "a.min_length: must be a whole number, 0 or more.")]
    [InlineData("""{"a": {"type": "string", "min_length": 3, "max_length": 2}}""", "a.min_length: is greater than max_length.")]
    [InlineData("""{"a": {"type": "string", "pattern": "("}}""", "a.pattern: is no regular expression")]
    [InlineData("""{"a": {"type": "array", "pattern": "x"}}""", "a.pattern: applies to string only.")]
    [InlineData("""{"a": {"type": "string", "format": "datetime"}}""", "a.format: 'datetime' is no format: one of date-time,")]
    [InlineData("""{"a": {"type": "string", "items": {"type": "string"}}}""", "a.items: applies to array only.")]
    [InlineData("""{"a": {"type": "array", "items": {"type": "strnig"}}}""", "a.items.type: 'strnig' is no type")]
    [InlineData("""{"a": {"type": "array", "items": {"type": "string", "default": "x"}}}""", "a.items: `required` and `default` mean nothing for items.")]
    [InlineData("""{"a": {"type": "object", "properties": {"b": {"type": "x"}}}}""", "a.properties.b.type: 'x' is no type")]
    [InlineData("""{"a": {"type": "integer", "default": "x"}}""", "a.default: must be an integer, not a string.")]
    [InlineData("""{"a": {"type": "object", "properties": {"b": {"type": "string", "required": true}}, "default": {}}}""", "a.default.b: is required: give a string.")]
    public void A_mistake_in_a_schema_is_named_with_its_path(string json, string expected)
        => Assert.StartsWith(expected, Assert.Single(Problems(json)), StringComparison.Ordinal);

    [Fact]
    public void Every_mistake_is_listed_at_once()
        => Assert.Equal(4, Problems("""{"a": {"type": "int"}, "b": {"typ": "string"}, "c": {"type": "integer", "default": 1.5}}""").Length);

    [Fact]
    public void Nesting_and_width_have_limits()
    {
        var deep = string.Concat(Enumerable.Repeat("""{"type":"array","items":""", 20)) + """{"type":"any"}""" + new string('}', 20);
        Assert.Contains("nested deeper", Assert.Single(Problems("{\"a\":" + deep + "}")), StringComparison.Ordinal);

        var wide = string.Join(',', Enumerable.Range(0, 257).Select(number => $$"""    "f{{number}}": {"type": "any"}"""));
        Assert.Contains("at most 256", Assert.Single(Problems("{" + wide + "}")), StringComparison.Ordinal);
    }

    [Fact]
    public void Nothing_is_the_empty_schema()
    {
        Assert.True(Schema.Parse(default).Schema!.IsEmpty);
        Assert.True(Schema.Parse(JsonElement.Parse("null")).Schema!.IsEmpty);
        Assert.True(Schema.Parse(JsonElement.Parse("{}")).Schema!.IsEmpty);
    }

    [Theory]
    [InlineData("date-time", "2027-01-31T12:00:00Z 2027-01-31t12:00:00.123+02:00", "2027-01-31 2027-01-31T12:00:00 2027-02-31T12:00:00Z")]
    [InlineData("date", "2027-01-31", "2027-1-31 2027-02-30 31.1.2027")]
    [InlineData("time", "12:00:00Z 23:59:59.5+01:00", "12:00 25:00:00Z")]
    [InlineData("duration", "PT1H30M P1D P3W PT0.5S P1Y2M3DT4H", "P PT 1h P1H PT-1S")]
    [InlineData("uri", "https://example.com/a?b urn:isbn:1 file:///etc", "example.com /etc/passwd")]
    [InlineData("email", "ops@example.com a.b+c@x", "ops @x a@ a@@b a@b..c")]
    [InlineData("hostname", "a node-1.example.com localhost 1.2.3.4", "-a a_b a..b .")]
    [InlineData("ipv4", "192.0.2.1 0.0.0.0", "192.0.2 256.0.0.1 01.2.3.4 ::1")]
    [InlineData("ipv6", "2001:db8::1 :: ::ffff:192.0.2.1", "192.0.2.1 [::1] fe80::1%eth0 1")]
    [InlineData("ip", "192.0.2.1 ::1", "x 1")]
    [InlineData("cidr", "192.0.2.0/24 2001:db8::/32", "192.0.2.0 192.0.2.0/33")]
    [InlineData("uuid", "6f1c1a52-3f0b-4c1d-9a54-0d3c1b0f7a11", "6f1c1a523f0b4c1d9a540d3c1b0f7a11 x")]
    public void A_format_knows_its_own(string format, string right, string wrong)
    {
        using var document = JsonDocument.Parse($$$"""{"v": {"type": "string", "format": "{{{format}}}"}}""");
        var schema = Schema.Parse(document.RootElement).Schema!;
        Assert.All(right.Split(' '), value => Assert.True(Fits(value), value));
        Assert.All(wrong.Split(' '), value => Assert.False(Fits(value), value));

        bool Fits(string value) => schema.Validate(Encoding.UTF8.GetBytes($$"""{"v": {{JsonSerializer.Serialize(value)}}}""")).IsValid;
    }

    [Theory]
    [InlineData("timeoutSeconds", "timeout_seconds")]
    [InlineData("timeout", null)]
    [InlineData("tgas", "tags")]
    [InlineData("xyz", null)]
    public void The_nearest_name_is_suggested_only_when_it_is_near(string given, string? expected)
        => Assert.Equal(expected, NearestName.Find(given, ["timeout_seconds", "tags", "retry", "output"]));

    static string[] Problems(string json)
    {
        using var document = JsonDocument.Parse(json);
        var reading = Schema.Parse(document.RootElement);
        Assert.Equal(reading.Schema is null, reading.Problems.Count > 0);
        return [.. reading.Problems.Select(problem => $"{problem.Path}: {problem.Message}")];
    }
}
