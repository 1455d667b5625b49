using System.CommandLine;
using Attune.Cli.Parameters;
using Attune.Engine.Schemas;
using Attune.V1;
using Google.Protobuf.WellKnownTypes;

namespace Attune.Cli.Commands.Triggers;

static class CreateTrigger
{
    static readonly string[] fields = ["ref", "label", "description", "enabled", "parameters", "output", "tags"];

    static readonly Argument<string?> reference = new("REF")
    {
        Description = "Its ref; its first part is the pack. May be in the file",
        Arity = ArgumentArity.ZeroOrOne,
    };
    static readonly Option<string?> file = new("--file", "-f") { Description = "YAML or JSON as in a pack's triggers/*.yaml; - is stdin", HelpName = "FILE" };
    static readonly Option<string?> label = new("--label") { Description = "A short name", HelpName = "TEXT" };
    static readonly Option<string?> description = new("--description") { Description = "What happened when it fires", HelpName = "TEXT" };
    static readonly Option<string?> payloadSchema = new("--payload-schema")
    {
        Description = "What an event carries, as JSON, @FILE or -: {\"host\": {\"type\": \"string\"}}. Without it: anything",
        HelpName = "JSON",
    };
    static readonly Option<string[]> tags = new("--tag") { Description = "May repeat", HelpName = "TAG" };
    static readonly Option<bool> disabled = new("--disabled") { Description = "Make it, and refuse its events yet" };

    public static Command Command()
        => new Command("create", "Make a trigger of your own").With(reference, file, label, description, payloadSchema, tags, disabled).Does(RunAsync);

    static async Task RunAsync(Invocation run, CancellationToken ct)
    {
        var document = run.Get(file) is { } path ? ReadFile(path) : new();
        var trigger = new Trigger
        {
            Ref = run.Get<string?>(reference) ?? Text(document, "ref"),
            Label = run.Get(label) ?? Text(document, "label"),
            Description = run.Get(description) ?? Text(document, "description"),
            Parameters = document.Fields.GetValueOrDefault("parameters")?.StructValue,
            Output = run.Get(payloadSchema) is { } schema
                ? ParameterFile.ReadInline(schema, "--payload-schema")
                : document.Fields.GetValueOrDefault("output")?.StructValue,
        };
        if (trigger.Ref is "")
            throw new CommandFailure("A trigger needs its ref (REF).", "For example: attune trigger create ops.deploy");

        trigger.Tags.Add(run.Get(tags) is { Length: > 0 } given
            ? given
            : document.Fields.GetValueOrDefault("tags")?.ListValue?.Values.Select(each => each.StringValue) ?? []);
        var enabled = !run.Get(disabled) && (document.Fields.GetValueOrDefault("enabled")?.BoolValue ?? true);
        var made = (await run.Client.Triggers.CreateTriggerAsync(new() { Trigger = trigger, Enabled = enabled }, cancellationToken: ct)).Trigger;
        run.Answer.Done(made, $"Created {made.Ref}. Emit one: attune event emit {made.Ref}. Open a webhook: attune trigger webhook enable {made.Ref}");
    }

    static Struct ReadFile(string path)
    {
        var document = ParameterFile.Read(path, "--file");
        foreach (var name in document.Fields.Keys.Except(fields))
            throw new CommandFailure($"{path}: a trigger has no '{name}'.{NearestName.Suggest(name, fields)}");
        return document;
    }

    static string Text(Struct document, string name) => document.Fields.GetValueOrDefault(name)?.StringValue ?? "";
}
