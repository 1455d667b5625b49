using System.Buffers;
using System.Text;
using System.Text.Json;
using Attune.Agent.Running;

namespace Attune.Agent.Tests.Running;

public sealed class MaskerTests
{
    const string Secret = "p@ss \"w/ö?rd'+=<1>";

    [Theory]
    [InlineData("plain")]
    [InlineData("json")]
    [InlineData("json-ascii")]
    [InlineData("json-dotnet")]
    [InlineData("url")]
    [InlineData("url-lower")]
    [InlineData("form")]
    [InlineData("base64-0")]
    [InlineData("base64-1")]
    [InlineData("base64-2")]
    [InlineData("base64url-0")]
    [InlineData("base64url-1")]
    [InlineData("base64url-2")]
    public void Every_spelling_of_a_secret_is_masked(string spelling)
    {
        var text = spelling switch
        {
            "plain" => Secret,
            "json" => "p@ss \\\"w/ö?rd'+=<1>",
            "json-ascii" => "p@ss \\\"w/\\u00f6?rd'+=<1>",
            "json-dotnet" => JsonSerializer.Serialize(Secret)[1..^1],
            "url" => Uri.EscapeDataString(Secret),
            "url-lower" => "p%40ss%20%22w%2f%c3%b6%3frd%27%2b%3d%3c1%3e",
            "form" => Uri.EscapeDataString(Secret).Replace("%20", "+"),
            _ => Convert.ToBase64String(Encoding.UTF8.GetBytes("xx"[..(spelling[^1] - '0')] + Secret + "y")),
        };
        text = spelling.StartsWith("base64url", StringComparison.Ordinal) ? text.Replace('+', '-').Replace('/', '_') : text;
        var masked = new Masker([Secret]).Apply($"before {text} after");

        Assert.Contains("***", masked, StringComparison.Ordinal);
        Assert.StartsWith("before ", masked, StringComparison.Ordinal);
        Assert.EndsWith(" after", masked, StringComparison.Ordinal);

        // In base64 the neighbours' characters stay.
        Assert.InRange(masked.Length, 16, 24);
    }

    [Fact]
    public void Each_line_of_a_secret_with_lines_is_masked()
    {
        var masked = new Masker(["-----BEGIN KEY-----\nMIIEow\nabc\n-----END KEY-----\n"]).Apply("  MIIEow\n> abc\n-----END KEY-----");
        Assert.Equal("  ***\n> abc\n***", masked);
    }

    [Fact]
    public void A_secret_shorter_than_four_characters_is_not_masked() => Assert.Equal("abc abcd ***", new Masker(["abc", "abcde"]).Apply("abc abcd abcde"));

    [Fact]
    public void Secrets_that_overlap_become_one_mask() => Assert.Equal("<***>", new Masker(["abcdef", "defghi", "bcde"]).Apply("<abcdefghi>"));

    [Fact]
    public void Numbers_and_values_inside_of_a_secret_object_are_secrets()
    {
        var values = SecretForms.Values("""{"a":{"b":{"c":"deep1","n":12345,"t":true}},"x.y":"dotted","list":[{"k":"first"},{"k":"second"}],"open":"free"}"""u8.ToArray(), ["a.b", "x.y", "list.k", "missing.z"]);
        Assert.Equal(["12345", "deep1", "dotted", "first", "second"], values.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Without_secrets_bytes_pass_at_once()
    {
        var masked = new ArrayBufferWriter<byte>();
        var stream = new MaskedStream(new Masker([]));
        stream.Write("abc"u8, masked);
        Assert.Equal(3, masked.WrittenCount);
    }

    [Fact]
    public void Only_what_could_still_become_a_secret_is_held_back()
    {
        var masked = new ArrayBufferWriter<byte>();
        var stream = new MaskedStream(new Masker(["hunter22"]));
        stream.Write("password: hun"u8, masked);
        Assert.Equal("password: ", Encoding.UTF8.GetString(masked.WrittenSpan));
        stream.Write("gry\n"u8, masked);
        Assert.Equal("password: hungry\n", Encoding.UTF8.GetString(masked.WrittenSpan));
        stream.Write("hunter2"u8, masked);
        stream.Complete(masked);
        Assert.Equal("password: hungry\nhunter2", Encoding.UTF8.GetString(masked.WrittenSpan));
    }

    [Fact]
    public void However_a_stream_is_cut_it_is_masked_as_if_it_came_whole()
    {
        for (var seed = 0; seed < 3000; seed++)
        {
            var random = new Random(seed);
            string[] secrets = [.. Enumerable.Range(0, random.Next(1, 4)).Select(_ => Letters(random, random.Next(4, 9)))];
            var text = string.Concat(Enumerable.Range(0, random.Next(1, 12)).Select(_ => random.Next(3) == 0 ? secrets[random.Next(secrets.Length)] : Letters(random, random.Next(0, 6))));
            var masker = new Masker(secrets);
            var expected = Naive(text, SecretForms.Of(secrets));

            var stream = new MaskedStream(masker);
            var masked = new ArrayBufferWriter<byte>();
            var bytes = Encoding.UTF8.GetBytes(text);
            for (var at = 0; at < bytes.Length;)
            {
                var length = Math.Min(bytes.Length - at, random.Next(0, 5));
                stream.Write(bytes.AsSpan(at, length), masked);
                at += length;
            }

            stream.Complete(masked);
            Assert.True(expected == Encoding.UTF8.GetString(masked.WrittenSpan), $"seed {seed}: {text} with {string.Join(',', secrets)}: {expected}");
        }
    }

    static string Letters(Random random, int length) => string.Concat(Enumerable.Range(0, length).Select(_ => (char)('a' + random.Next(3))));

    // Every occurrence covers its characters; those that overlap are one mask, those that only touch are two.
    static string Naive(string text, IReadOnlyCollection<string> forms)
    {
        var masked = new StringBuilder();
        var covered = 0;
        for (var at = 0; at < text.Length; at++)
        {
            var length = forms.Where(form => string.CompareOrdinal(text, at, form, 0, form.Length) == 0).Select(form => form.Length).DefaultIfEmpty(0).Max();
            if (length > 0 && at >= covered)
            {
                masked.Append("***");
            }

            covered = length > 0 ? Math.Max(covered, at + length) : covered;
            if (at >= covered)
            {
                masked.Append(text[at]);
            }
        }

        return masked.ToString();
    }
}
