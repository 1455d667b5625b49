using System.Buffers;
using System.Collections.ObjectModel;
using System.Text.Json;
using Attune.Engine.Conditions;
using Attune.Engine.Expressions;
using Attune.Engine.Schemas;
using Attune.Server.Actions;
using Attune.Server.Executions;

namespace Attune.Server.Rules;

/// <summary>A rule, ready to be asked. Immutable but for what it remembers to be quicker.</summary>
sealed class CompiledRule
{
    Fixed? remembered;

    public required long Id { get; init; }
    public required string Ref { get; init; }
    public required string PackRef { get; init; }
    public required string TriggerRef { get; init; }
    public required string ActionRef { get; init; }
    public required bool Enabled { get; init; }

    /// <summary>Null where it cannot be read; <see cref="Mistake"/> says why.</summary>
    public Condition? Condition { get; init; }

    /// <summary>Null where it cannot be read; <see cref="Mistake"/> says why.</summary>
    public Template? Parameters { get; init; }

    /// <summary>What keeps the rule from working at all.</summary>
    public string? Mistake { get; init; }

    /// <summary>As the row has them, for the record.</summary>
    public required string ConditionsJson { get; init; }
    public required string Version { get; init; }

    /// <summary>Holds `ref` and `pack`.</summary>
    public required Value Names { get; init; }

    /// <summary>Holds `config`.</summary>
    public required Value Pack { get; init; }

    /// <summary>Of the pack's configuration.</summary>
    public required Schema PackSchema { get; init; }

    /// <summary>The pack's configuration has secrets, and an expression may have seen one.</summary>
    public required bool MaySeePackSecrets { get; init; }

    /// <summary>The parameters where no expression is among them, else null.</summary>
    public ReadOnlyMemory<byte>? ConstantParameters { get; init; }

    /// <summary>What constant parameters came to with this very definition of the action.</summary>
    public NewExecution? Remembered(ActionDefinition action) => remembered is { } known && known.Action == action ? known.Item : null;

    public void Remember(NewExecution item) => remembered = new(item.Action, item);

    public static CompiledRule From(RuleRow row)
    {
        var (condition, ofCondition) = ReadCondition(row.Conditions);
        var (parameters, ofParameters) = ReadParameters(row.ActionParams);
        var packSchema = ActionMapping.SchemaOf(row.PackConfSchema);
        var mistakes = ofCondition.Concat(ofParameters).ToList();
        return new()
        {
            Id = row.Id,
            Ref = row.Ref,
            PackRef = row.PackRef,
            TriggerRef = row.TriggerRef,
            ActionRef = row.ActionRef,
            Enabled = row.Enabled,
            Condition = condition,
            Parameters = parameters,
            Mistake = mistakes.Count == 0 ? null : string.Join("; ", mistakes),
            ConditionsJson = row.Conditions,
            Version = row.Version,
            Names = Value.Of(new Dictionary<string, Value> { ["ref"] = Value.Of(row.Ref), ["pack"] = Value.Of(row.PackRef) }),
            Pack = Value.Of(new Dictionary<string, Value> { ["config"] = Value.FromJson(JsonElement.Parse(row.PackConfig)) }),
            PackSchema = packSchema,
            MaySeePackSecrets = packSchema.HasSecrets
                && (row.Conditions + row.ActionParams).Contains("pack", StringComparison.Ordinal),
            // Without the cast null would become an empty memory, which arrays convert to.
            ConstantParameters = parameters is { IsConstant: true } ? Rendered(parameters) : (ReadOnlyMemory<byte>?)null,
        };
    }

    static ReadOnlyMemory<byte> Rendered(Template constant)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var writer = new Utf8JsonWriter(buffer))
            constant.Render(new(ReadOnlyDictionary<string, Value>.Empty, default), ExpressionLimits.Default).WriteTo(writer);
        return buffer.WrittenMemory;
    }

    // The row may have been written past every check, so even its depth is not taken for granted.
    static (Condition?, IEnumerable<string>) ReadCondition(string json)
    {
        try
        {
            var problems = new List<ConditionProblem>();
            var condition = Condition.Parse(JsonElement.Parse(json), null, problems);
            return (condition, problems.Select(problem => $"conditions {problem.Path}: {problem.Message}"));
        }
        catch (JsonException exception)
        {
            return (null, [$"conditions: {exception.Message}"]);
        }
    }

    static (Template?, IEnumerable<string>) ReadParameters(string json)
    {
        try
        {
            var problems = new List<TemplateProblem>();
            var template = Template.Parse(JsonElement.Parse(json), problems);
            return (template, problems.Select(each => $"action_params {each.Path}: {each.Problem.Message}"));
        }
        catch (JsonException exception)
        {
            return (null, [$"action_params: {exception.Message}"]);
        }
    }

    sealed record Fixed(ActionDefinition Action, NewExecution Item);
}
