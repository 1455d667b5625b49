using System.CommandLine;
using Attune.Cli.Parameters;
using Attune.Engine.Schemas;
using Attune.V1;
using Google.Protobuf.WellKnownTypes;
using Option = System.CommandLine.Option;

namespace Attune.Cli.Commands.Rules;

/// <summary>A rule as it is written down: a file in the format of a pack's rules/*.yaml, options, or options over a file.</summary>
sealed class GivenRule
{
    static readonly string[] fields =
        ["ref", "label", "description", "trigger", "trigger_params", "conditions", "action", "action_params", "enabled", "tags"];

    public static readonly Option<string?> File = new("--file", "-f") { Description = "YAML or JSON as in a pack's rules/*.yaml; - is stdin", HelpName = "FILE" };

    static readonly Option<string?> trigger = new("--trigger") { Description = "On events of this trigger", HelpName = "REF" };
    static readonly Option<string[]> triggerParams = new("--trigger-param") { Description = "What it sets of the trigger; may repeat", HelpName = "k=v" };
    static readonly Option<string[]> when = new("--when")
    {
        Description = "An expression that must hold: \"event.payload.zone == 'edge'\"; may repeat",
        HelpName = "EXPRESSION",
    };
    static readonly Option<string?> conditions = new("--conditions") { Description = "JSON or YAML: itself, @FILE, or - for stdin", HelpName = "JSON" };
    static readonly Option<string?> action = new("--action") { Description = "Run this action", HelpName = "REF" };
    static readonly Option<string[]> actionParams = new("--param")
    {
        Description = "A parameter of the action, which may hold {{ expressions }}; may repeat",
        HelpName = "k=v",
    };
    static readonly Option<string?> label = new("--label") { Description = "A short name", HelpName = "TEXT" };
    static readonly Option<string?> description = new("--description") { Description = "What it is for", HelpName = "TEXT" };
    static readonly Option<string[]> tags = new("--tag") { Description = "May repeat", HelpName = "TAG" };

    GivenRule(Struct document) => Document = document;

    public static IEnumerable<Option> Options
        => [File, trigger, triggerParams, when, conditions, action, actionParams, label, description, tags];

    /// <summary>Of the fields of the file's format, those that were given.</summary>
    public Struct Document { get; }

    /// <summary>Null: not given.</summary>
    public bool? Enabled => Document.Fields.GetValueOrDefault("enabled")?.BoolValue;

    /// <param name="run">Its options.</param>
    /// <param name="reference">As named; null where only the file has it.</param>
    /// <param name="present">The rule that is changed: single parameters are laid over its own.</param>
    /// <param name="ct">Ends it.</param>
    public static async Task<GivenRule> ReadAsync(Invocation run, string? reference, Rule? present, CancellationToken ct)
    {
        var document = run.Get(File) is { } file ? ReadFile(file) : new();
        var inFile = document.Fields.GetValueOrDefault("ref")?.StringValue;
        if (reference is not null && inFile is not null && inFile != reference)
            throw new CommandFailure($"The file is about {inFile}, and {reference} was named.");

        Put("ref", reference);
        Put("trigger", run.Get(trigger));
        Put("action", run.Get(action));
        Put("label", run.Get(label));
        Put("description", run.Get(description));
        if (run.Get(triggerParams) is { Length: > 0 } ofTrigger)
        {
            var set = await RuleParameters.OfTriggerAsync(run, Text(document, "trigger") ?? present?.TriggerRef ?? "", ct);
            document.Fields["trigger_params"] = Laid(set, document.Fields.GetValueOrDefault("trigger_params")?.StructValue ?? present?.TriggerParams, ofTrigger);
        }

        if (run.Get(actionParams) is { Length: > 0 } ofAction)
        {
            var set = await RuleParameters.OfActionAsync(run, Text(document, "action") ?? present?.ActionRef ?? "", ct);
            document.Fields["action_params"] = Laid(set, document.Fields.GetValueOrDefault("action_params")?.StructValue ?? present?.ActionParams, ofAction);
        }

        if (run.Get(conditions) is { } written)
            document.Fields["conditions"] = ParameterFile.ReadInlineValue(written, "--conditions");
        if (run.Get(when) is { Length: > 0 } expressions)
            document.Fields["conditions"] = And(document.Fields.GetValueOrDefault("conditions"), expressions);
        if (run.Get(tags) is { Length: > 0 } tagged)
            document.Fields["tags"] = Value.ForList([.. tagged.Select(Value.ForString)]);
        return new(document);

        void Put(string name, string? text)
        {
            if (text is not null)
                document.Fields[name] = Value.ForString(text);
        }
    }

    public Rule ToWire()
    {
        var rule = new Rule
        {
            Ref = Text("ref"),
            Label = Text("label"),
            Description = Text("description"),
            TriggerRef = Text("trigger"),
            TriggerParams = Map("trigger_params"),
            Conditions = Document.Fields.GetValueOrDefault("conditions"),
            ActionRef = Text("action"),
            ActionParams = Map("action_params"),
            Enabled = Enabled ?? true,
        };
        rule.Tags.Add(Document.Fields.GetValueOrDefault("tags")?.ListValue?.Values.Select(each => each.StringValue) ?? []);
        return rule;
    }

    /// <summary>Of the fields that were given, as the API names them.</summary>
    public IEnumerable<string> Mask() => Document.Fields.Keys.Where(name => name is not "ref").Select(name => name switch
    {
        "trigger" => "trigger_ref",
        "action" => "action_ref",
        _ => name,
    });

    static Struct ReadFile(string file)
    {
        var document = ParameterFile.Read(file, "--file");
        foreach (var (name, value) in document.Fields)
        {
            if (!fields.Contains(name))
                throw new CommandFailure($"{file}: a rule has no '{name}'.{NearestName.Suggest(name, fields)}");

            var (fits, wanted) = name switch
            {
                "ref" or "label" or "description" or "trigger" or "action" => (value.KindCase is Value.KindOneofCase.StringValue, "a text"),
                "trigger_params" or "action_params" => (value.KindCase is Value.KindOneofCase.StructValue, "a mapping"),
                "enabled" => (value.KindCase is Value.KindOneofCase.BoolValue, "true or false"),
                "tags" => (value.KindCase is Value.KindOneofCase.ListValue, "a list"),
                _ => (true, ""),
            };
            if (!fits)
                throw new CommandFailure($"{file}: {name} is to be {wanted}.");
        }

        return document;
    }

    static Value Laid(ParameterSet set, Struct? before, string[] words)
    {
        if (before is not null)
            set.Lay(before);
        set.Add(words);
        return Value.ForStruct(set.Values);
    }

    static Value And(Value? before, string[] expressions)
    {
        var added = expressions.Select(Value.ForString);
        return before switch
        {
            null => Value.ForList([.. added]),
            { KindCase: Value.KindOneofCase.ListValue } list => Value.ForList([.. list.ListValue.Values, .. added]),
            _ => Value.ForStruct(new() { Fields = { ["all"] = Value.ForList([before, .. added]) } }),
        };
    }

    static string? Text(Struct document, string name) => document.Fields.GetValueOrDefault(name)?.StringValue;

    string Text(string name) => Text(Document, name) ?? "";

    Struct Map(string name) => Document.Fields.GetValueOrDefault(name)?.StructValue ?? new();
}
