using System.Text.Json;

namespace Attune.Engine.Expressions;

/// <summary>Compiles the texts of a JSON value, and lists every mistake in them.</summary>
sealed class TemplateReader(List<TemplateProblem> problems)
{
    // Who made as many mistakes will not miss the next; a hostile text could hold a hundred thousand.
    const int ProblemsMax = 100;

    /// <summary>Null where a mistake was found.</summary>
    public TemplatePart? Read(JsonElement json)
    {
        try
        {
            return Read(Value.FromJson(json));
        }
        catch (JsonException exception)
        {
            problems.Add(new("", new("", -1, exception.Message)));
            return null;
        }
    }

    public TemplatePart? Read(Value value)
    {
        var before = problems.Count;
        var part = Part(value, "");
        return problems.Count == before ? part : null;
    }

    TemplatePart Part(Value value, string path) => value.Kind switch
    {
        _ when problems.Count >= ProblemsMax => new TemplateConstant(value),
        ValueKind.String => Text(value, path),
        ValueKind.List => List(value, path),
        ValueKind.Map => Map(value, path),
        _ => new TemplateConstant(value),
    };

    TemplatePart List(Value value, string path)
    {
        var items = new TemplatePart[value.Items.Count];
        for (var index = 0; index < items.Length; index++)
            items[index] = Part(value.Items[index], $"{path}[{index}]");
        return items.All(item => item is TemplateConstant) ? new TemplateConstant(value) : new TemplateList(path, items);
    }

    TemplatePart Map(Value value, string path)
    {
        var members = new List<(string Name, TemplatePart Part)>();
        foreach (var (name, member) in value.Members.Span)
        {
            var place = path is "" ? name : $"{path}.{name}";
            if (name.Contains("{{", StringComparison.Ordinal))
                Report(place, new(name, name.IndexOf("{{", StringComparison.Ordinal), "A name cannot hold an expression, only a value can."));
            members.Add((name, Part(member, place)));
        }

        return members.All(member => member.Part is TemplateConstant) ? new TemplateConstant(value) : new TemplateMap(path, members);
    }

    TemplatePart Text(Value value, string path)
    {
        var text = value.AsString();
        var pieces = new List<(string Literal, Expression? Expression)>();
        var next = 0;
        while (problems.Count < ProblemsMax && text.IndexOf("{{", next, StringComparison.Ordinal) is >= 0 and var start)
        {
            if (start > next)
                pieces.Add((text[next..start], null));
            try
            {
                var parser = new Parser(text, start + 2, isEmbedded: true);
                pieces.Add(("", parser.Whole()));
                next = parser.End;
            }
            catch (ExpressionException exception)
            {
                Report(path, exception.Problem);

                // Where the expression ends is a guess now: its neighbours are still looked at.
                next = text.IndexOf("}}", start, StringComparison.Ordinal) is >= 0 and var end ? end + 2 : text.Length;
            }
        }

        if (pieces.All(piece => piece.Expression is null))
            return new TemplateConstant(value);
        if (next < text.Length)
            pieces.Add((text[next..], null));
        return new TemplateText(path, text, pieces);
    }

    void Report(string path, ExpressionProblem problem) => problems.Add(new(path, problem));
}
