using System.Text;
using Attune.Packs.Yaml;

namespace Attune.Packs.Tests;

public sealed class YamlTests
{
    [Theory]
    [InlineData("a: 1", """{"a":1}""")]
    [InlineData("a: '1'", """{"a":"1"}""")]
    [InlineData("a: yes", """{"a":"yes"}""")]
    [InlineData("a: NO", """{"a":"NO"}""")]
    [InlineData("a: True", """{"a":true}""")]
    [InlineData("a: ~", """{"a":null}""")]
    [InlineData("a:", """{"a":null}""")]
    [InlineData("a: 1.50", """{"a":1.5}""")]
    [InlineData("a: .5", """{"a":0.5}""")]
    [InlineData("a: +1e3", """{"a":1000}""")]
    [InlineData("a: 0x1F", """{"a":31}""")]
    [InlineData("a: 0o17", """{"a":15}""")]
    [InlineData("a: .inf", """{"a":".inf"}""")]
    [InlineData("a: 1e999", """{"a":"1e999"}""")]
    [InlineData("a: 2027-01-01", """{"a":"2027-01-01"}""")]
    [InlineData("a: 12:30", """{"a":"12:30"}""")]
    [InlineData("a: |\n  x\n  y\n", """{"a":"x\ny\n"}""")]
    [InlineData("a: {b: [1, é]}", """{"a":{"b":[1,"é"]}}""")]
    [InlineData("a: &x {b: 1}\nc: *x", """{"a":{"b":1},"c":{"b":1}}""")]
    public void Values_mean_what_yaml_1_2_says(string yaml, string json)
    {
        var root = Read(yaml, out var problems);
        Assert.Empty(problems);
        Assert.Equal(json, root!.ToJson());
    }

    [Theory]
    [InlineData("a: 1\n  b: 2", 2, "is not valid YAML")]
    [InlineData("a: 1\nb: [1", 3, "is not valid YAML")]
    [InlineData("a: 1\na: 2", 2, "has the key 'a' a second time; the first is on line 1.")]
    [InlineData("a: 1\nb: *c", 2, "the anchor 'c' is not complete here.")]
    [InlineData("a: &a [*a]", 1, "the anchor 'a' is not complete here.")]
    [InlineData("a: !!python/object:os.system x", 1, "the tag 'tag:yaml.org,2002:python/object:os.system' is not known here")]
    [InlineData("a: &x {b: 1}\nc:\n  <<: *x", 3, "uses a merge key")]
    [InlineData("? [a]\n: 1", 1, "has a key that is not text.")]
    [InlineData("a: 1\n---\nb: 2", 2, "begins a second document; one file holds one.")]
    [InlineData("", 0, "is empty.")]
    [InlineData("a: \"x\\0y\"", 1, "holds a NUL character.")]
    public void What_is_refused_is_named_with_its_line(string yaml, int line, string message)
    {
        _ = Read(yaml, out var problems);
        var problem = Assert.Single(problems);
        Assert.Equal(line, problem.Line);
        Assert.Contains(message, problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Whatever_is_broken_in_a_file_is_a_problem_and_never_an_exception()
    {
        const string Sound = "version: 1.0.0\nvars: {a: [1, 'x', \"y\\u00e9\"], b: &b {c: ~}}\ntasks:\n  - name: a # note\n    text: |\n      one\n    alias: *b\n  - {when: \"{{ true }}\", do: [b, c]}\n";
        const string Pieces = "{}[],:&*!|>'\"%@`#-?\\ \n\ta\u0000\uFFFF1~<";
        for (var seed = 0; seed < 5000; seed++)
        {
            var random = new Random(seed);
            var text = new StringBuilder(Sound);
            for (var change = random.Next(1, 6); change > 0; change--)
            {
                var at = random.Next(text.Length);
                if (random.Next(2) == 0)
                    text.Remove(at, Math.Min(random.Next(1, 4), text.Length - at));
                else
                    text.Insert(at, Pieces[random.Next(Pieces.Length)]);
            }

            var root = Read(text.ToString(), out var problems);
            Assert.True(root is not null || problems.Count > 0, $"seed {seed}: neither a value nor a problem");
        }
    }

    [Fact]
    public void Aliases_cannot_grow_into_a_bomb()
    {
        var bomb = new StringBuilder("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
        for (var level = 1; level < 12; level++)
            bomb.Append($"a{level}: &a{level} [{string.Join(", ", Enumerable.Repeat($"*a{level - 1}", 9))}]\n");

        _ = Read(bomb.ToString(), out var problems);
        Assert.Contains("stands for more than 100000 values", Assert.Single(problems).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Depth_and_size_have_limits()
    {
        _ = Read("a: " + new string('[', 100_000), out var deep);
        Assert.Contains("nested deeper than 40 levels", Assert.Single(deep).Message, StringComparison.Ordinal);

        _ = Read("a: " + new string('x', YamlFile.MaxBytes), out var large);
        Assert.Contains("is larger than 1024 KiB", Assert.Single(large).Message, StringComparison.Ordinal);

        _ = Read("a: [" + string.Join(',', Enumerable.Repeat("1", 100_001)) + "]", out var many);
        Assert.Contains("stands for more than 100000 values", Assert.Single(many).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_not_utf8_is_refused()
    {
        var problems = new List<string>();
        Assert.Null(YamlFile.Read(new byte[] { 0x61, 0x3a, 0x20, 0xff }, (_, message) => problems.Add(message)));
        Assert.Equal(["is not UTF-8 text."], problems);
    }

    [Theory]
    [InlineData("b.c", 3)]
    [InlineData("b.d[1].e", 6)]
    [InlineData("b.missing", 3)]
    [InlineData("a", 1)]
    [InlineData("b.x.y", 8)]
    public void A_path_leads_to_its_line(string path, int line)
        => Assert.Equal(line, Read("a: 1\nb:\n  c: 1\n  d:\n    - e: 1\n    - e: 2\n      f: 3\n  x.y: 1\n", out _)!.LineOf(path));

    static YamlNode? Read(string yaml, out List<(int Line, string Message)> problems)
    {
        var found = new List<(int, string)>();
        problems = found;
        return YamlFile.Read(Encoding.UTF8.GetBytes(yaml), (line, message) => found.Add((line, message)));
    }
}
