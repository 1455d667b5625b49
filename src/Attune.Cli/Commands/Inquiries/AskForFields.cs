using Attune.Cli.Output;
using Attune.Cli.Parameters;
using Google.Protobuf.WellKnownTypes;

namespace Attune.Cli.Commands.Inquiries;

/// <summary>Asks on the terminal for what a schema describes, a field a line, required ones first.</summary>
static class AskForFields
{
    public static Struct Run(Invocation run, string prompt, Struct schema)
    {
        if (prompt is not "")
            run.Terminal.Error.WriteLine(string.Join('\n', prompt.Split('\n').Select(line => new Cell(line).Printable)));

        var answer = new Struct();
        foreach (var (name, field) in ParameterField.Read(schema).OrderByDescending(each => each.Value.Required))
        {
            if (One(run, name, field, Choices(schema, name)) is { } value)
                answer.Fields[name] = value;
        }

        return answer;
    }

    /// <summary>Null: left out.</summary>
    static Value? One(Invocation run, string name, ParameterField field, string choices)
    {
        string[] facts =
        [
            field.Type is "boolean" ? "yes or no" : choices is "" ? field.Type : choices,
            field.Default is { } fallback ? $"default {Texts.Json(fallback)}" : field.Required ? "" : "optional",
        ];
        var question = $"{name} ({string.Join(", ", facts.Where(fact => fact is not ""))}){(field.Description is "" ? "" : $" {field.Description}")}";
        while (true)
        {
            var line = run.Prompt.Line(new Cell(question).Printable).Trim();
            if (line is "")
            {
                if (!field.Required || field.Default is not null)
                    return null;
                run.Terminal.Error.WriteLine("This one must be given.");
                continue;
            }

            try
            {
                return ParameterText.Typed(name, ShortWord(line, field), field);
            }
            catch (CommandFailure wrong)
            {
                run.Terminal.Error.WriteLine(wrong.Message);
            }
        }
    }

    static string ShortWord(string line, ParameterField field) => (field.Type, line.ToLowerInvariant()) switch
    {
        ("boolean", "y") => "yes",
        ("boolean", "n") => "no",
        _ => line,
    };

    static string Choices(Struct schema, string name)
        => schema.Fields[name].StructValue?.Fields.GetValueOrDefault("enum") is { KindCase: Value.KindOneofCase.ListValue } list
            ? string.Join(" | ", list.ListValue.Values.Select(Texts.Json))
            : "";
}
