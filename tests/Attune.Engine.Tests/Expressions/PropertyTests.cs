using System.Text;
using Attune.Engine.Expressions;

namespace Attune.Engine.Tests.Expressions;

/// <summary>A million inputs in a run. Each has a seed of its own, which a failure names.</summary>
public sealed class PropertyTests
{
    const int Trees = 50_000;
    const int Mutations = 150_000;
    const int Soups = 650_000;
    const int Templates = 150_000;

    static readonly ExpressionLimits Limits = new() { Steps = 2000, Depth = 100, Size = 5000 };

    static readonly string[] Words =
    [
        "event", "payload", "host", "tags", "rule", "x", "it", "null", "true", "false", "and", "or", "not", "in", "if", "else", "(", ")", "[", "]", "{", "}", "{{", "}}",
        ",", ":", ".", "|", "=>", "==", "!=", "<", "<=", ">", ">=", "+", "-", "~", "*", "/", "//", "%", "0", "1", "-1", "2.5", "1e3", "9223372036854775807",
        "'a'", "\"b\"", "'", "\"", "\\", "'\\u00e9'", " ", "\n", "é", "😀", "\ud800", "\0", "&&", "||", "!", "=", "?", "@", "#", "length", "map", "filter", "range",
        "match", "split", "join", "default", "coalesce", "to_json", "from_json", "from_yaml", "now", "date_add", "format_date", "zip", "sort", "merge",
    ];

    // What to mutate: everything that the reference page shows, and some of each tree.
    static readonly string[] Valid =
    [
        .. FunctionTests.Examples.Select(example => (string)example[0]),
        .. Enumerable.Range(0, 200).Select(seed => Printing.Text(new RandomTrees(new Random(seed)).Next(4))),
    ];

    [Fact]
    public void A_printed_tree_is_read_as_the_same_tree()
        => ForEach(0, Trees, random =>
        {
            var tree = new RandomTrees(random).Next(random.Next(1, 6));
            var text = Printing.Text(tree);
            var read = Expression.Parse(text);
            if (RandomTrees.Shape(tree) is var shape && RandomTrees.Shape(read.Root) is var again && shape != again)
                Assert.Fail($"{text}\nis  {shape}\nnot {again}");

            Assert.Equal(text, read.ToString());
            Evaluate(read);
        });

    [Fact]
    public void A_mutated_expression_gives_a_value_or_a_mistake()
        => ForEach(1_000_000, Mutations, random => Try(Mutated(random, Valid[random.Next(Valid.Length)])));

    [Fact]
    public void Any_words_in_a_row_give_a_value_or_a_mistake()
        => ForEach(2_000_000, Soups, random => Try(Soup(random)));

    [Fact]
    public void Any_text_is_a_template_or_a_mistake()
        => ForEach(3_000_000, Templates, random =>
        {
            var text = $"{Soup(random)}{{{{ {Mutated(random, Valid[random.Next(Valid.Length)])} }}}}{(random.Next(2) == 0 ? Soup(random) : "")}";
            var problems = new List<TemplateProblem>();
            var template = new TemplateReader(problems).Read(Value.Of(text));
            Assert.Equal(template is null, problems.Count > 0);
            Assert.All(problems, problem => Assert.InRange(problem.Problem.Position, -1, text.Length));
            try
            {
                _ = template is null ? default : new Template(template).Render(Bench.Scope, Limits);
            }
            catch (TemplateException)
            {
            }

        });

    static void Try(string text)
    {
        Expression expression;
        try
        {
            expression = Expression.Parse(text);
        }
        catch (ExpressionException exception)
        {
            Assert.InRange(exception.Problem.Position, -1, text.Length);
            return;
        }

        Evaluate(expression);
    }

    static void Evaluate(Expression expression)
    {
        try
        {
            var value = expression.Evaluate(Bench.Scope, Limits);

            // What it makes is bounded; what it finds in the scope or in its own text may be as large as that is.
            Assert.InRange(value.Weight, 1, Limits.Size);
            Assert.NotEmpty(Bench.Json(value));
            Assert.Equal(value, value);
        }
        catch (ExpressionException exception)
        {
            Assert.InRange(exception.Problem.Position, -1, expression.Text.Length);
        }
    }

    static string Soup(Random random)
    {
        var text = new StringBuilder();
        for (var left = random.Next(1, 12); left > 0; left--)
            text.Append(Words[random.Next(Words.Length)]).Append(random.Next(3) == 0 ? " " : "");
        return text.ToString();
    }

    static string Mutated(Random random, string text)
    {
        var mutated = new StringBuilder(text);
        for (var left = random.Next(1, 4); left > 0; left--)
        {
            var place = random.Next(mutated.Length + 1);
            var length = Math.Min(random.Next(1, 5), mutated.Length - place);
            _ = random.Next(4) switch
            {
                0 => mutated.Remove(place, length),
                1 => mutated.Insert(place, Words[random.Next(Words.Length)]),
                2 => mutated.Remove(place, length).Insert(place, Words[random.Next(Words.Length)]),
                _ => mutated.Insert(place, mutated.ToString(random.Next(mutated.Length - length + 1), length)),
            };
        }

        return mutated.ToString();
    }

    static void ForEach(int first, int count, Action<Random> check)
    {
        for (var seed = first; seed < first + count; seed++)
        {
            try
            {
                check(new Random(seed));
            }
            catch (Exception exception)
            {
                Assert.Fail($"Seed {seed}: {exception}");
            }
        }
    }
}
