using System.Buffers;
using System.Text.Json;
using Attune.Engine.Expressions;
using Attune.Engine.Schemas;

namespace Attune.Engine.Workflows.Definitions;

/// <summary>Reads what a task asks people.</summary>
static class InquiryReader
{
    // What several people answered stands beside what one of them did.
    const string Reserved = "answers";

    static readonly Template Nothing = new(new TemplateConstant(Value.Of("")));
    static readonly JsonElement NoFields = JsonElement.Parse("{}");

    public static TaskInquiry Read(DefinitionFields fields)
    {
        if (!fields.Has("prompt"))
            fields.Report("prompt", "is missing: what are people asked?");
        var prompt = fields.TemplateText("prompt");
        if (prompt is { IsConstant: true } && fields.Text("prompt") is { } text && string.IsNullOrWhiteSpace(text))
            fields.Report("prompt", "must not be empty.");

        var (identities, permissionSets) = fields.Map("assignees") is { } assignees ? Assignees(assignees) : (null, []);
        var inquiry = new TaskInquiry(
            prompt ?? Nothing,
            ResponseSchema(fields),
            identities,
            permissionSets,
            fields.NumberOrExpression("quorum", 1, TaskInquiry.QuorumMax, isWhole: true),
            fields.NumberOrExpression("timeout", 1, Workflow.SecondsMax, isWhole: false),
            fields.Number("reminder", 60, Workflow.SecondsMax) is { } seconds ? TimeSpan.FromSeconds(seconds) : null,
            fields.Flag("no_self_answer"));
        fields.Done();
        return inquiry;
    }

    static JsonElement ResponseSchema(DefinitionFields fields)
    {
        if (fields.Find("response_schema") is not { } given
            || !fields.Expect("response_schema", given, "a mapping of names to fields", ValueKind.Map))
        {
            return NoFields;
        }

        var json = JsonOf(given);
        foreach (var problem in Schema.Parse(json).Problems)
            fields.Report(problem.PathUnder("response_schema"), problem.Message);
        if (given.TryGet(Reserved, out _))
            fields.Report($"response_schema.{Reserved}", $"'{Reserved}' is taken: with a quorum the result has all answers under that name. Choose another.");
        return json;
    }

    static (Template? Identities, IReadOnlyList<string> PermissionSets) Assignees(DefinitionFields fields)
    {
        var identities = fields.Find("identities") is { } given ? Identities(fields, given) : null;
        var sets = new List<string>();
        if (fields.Find("permission_sets") is { } list && fields.Expect("permission_sets", list, "a list of refs", ValueKind.List))
        {
            for (var index = 0; index < list.AsList().Count; index++)
            {
                var (place, each) = ($"permission_sets[{index}]", list.AsList()[index]);
                if (!fields.Expect(place, each, "a ref", ValueKind.String))
                    continue;
                if (each.AsString().Split('.') is not [not "", not ""])
                    fields.Report(place, $"'{Mistakes.Cut(each.AsString())}' is no ref; write `pack.name`, as in `core.editor`.");
                else
                    sets.Add(each.AsString());
            }
        }

        fields.Done();
        return (identities, sets);
    }

    static Template? Identities(DefinitionFields fields, Value given)
    {
        if (given.Kind is ValueKind.String)
            return fields.OneExpression("identities", given, "must be a list of logins, or one expression in `{{ }}` that gives one.");
        if (!fields.Expect("identities", given, "a list of logins", ValueKind.List))
            return null;

        var isRight = true;
        for (var index = 0; index < given.AsList().Count; index++)
            isRight &= fields.Expect($"identities[{index}]", given.AsList()[index], "a login", ValueKind.String);
        return isRight ? fields.Compile("identities", given) : null;
    }

    static JsonElement JsonOf(Value value)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
            value.WriteTo(writer);
        return JsonElement.Parse(buffer.WrittenSpan);
    }
}
