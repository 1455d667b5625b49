using System.CommandLine;
using System.Globalization;
using Attune.Cli.Completion;
using Attune.Cli.Output;
using Attune.Cli.Parameters;
using Attune.V1;
using Grpc.Core;

namespace Attune.Cli.Commands.Events;

static class EmitEvent
{
    static readonly Suggested<string> trigger = new("TRIGGER", Suggestions.TriggerRefsAsync) { Description = "Ref of the trigger" };
    static readonly Suggested<string[]> words = new("k=v", Suggestions.PayloadAsync)
    {
        Description = "Fields of the payload: k=v, k=@file, k:=json, a.b=v",
        Arity = ArgumentArity.ZeroOrMore,
    };
    static readonly Option<string?> payload = new("--payload")
    {
        Description = "JSON or YAML object to begin with: itself, @FILE, or - for stdin",
        HelpName = "JSON",
    };
    static readonly Option<string?> key = new("--key")
    {
        Description = "The same key again, for the same trigger, is the same event",
        HelpName = "KEY",
    };
    static readonly Option<string?> rule = new("--rule") { Description = "Only this rule may match", HelpName = "REF" };

    public static Command Command()
        => new Command("emit", "Say that something happened").With(trigger, words, payload, key, rule).Does(RunAsync);

    static async Task RunAsync(Invocation run, CancellationToken ct)
    {
        var request = new EmitEventRequest
        {
            TriggerRef = run.Get(trigger),
            IdempotencyKey = run.Get(key) ?? "",
            RuleRef = run.Get(rule) ?? "",
        };
        var fields = new ParameterSet(
            request.TriggerRef, await SchemaAsync(run, request.TriggerRef, ct), ParameterFile.ReadText, "attune trigger show", "field");
        if (run.Get(payload) is { } given)
            fields.Lay(ParameterFile.ReadInline(given, "--payload"));
        fields.Add(run.Get(words) ?? []);
        request.Payload = fields.Values;

        var answer = await run.Client.Events.EmitEventAsync(request, cancellationToken: ct);
        if (!run.Answer.IsTable)
        {
            run.Answer.Document(WireJson.Of(answer));
            return;
        }

        run.Terminal.Out.WriteLine(answer.EventId.ToString(CultureInfo.InvariantCulture));
        run.Answer.Note(Sentence(answer));
    }

    static string Sentence(EmitEventResponse answer)
    {
        var started = answer.ExecutionIds.Count switch
        {
            0 => "It started nothing",
            1 => $"It started execution {answer.ExecutionIds[0]}",
            var count and <= 10 => $"It started {count} executions: {string.Join(", ", answer.ExecutionIds)}",
            var count => $"It started {count} executions",
        };
        return $"{(answer.Duplicate ? "That event was there already. " : "")}{started}. See why: attune event show {answer.EventId}";
    }

    // Somebody may be allowed to emit and not to read the trigger; one without a schema takes anything. The server checks.
    static async Task<IReadOnlyDictionary<string, ParameterField>?> SchemaAsync(Invocation run, string triggerRef, CancellationToken ct)
    {
        try
        {
            var answer = await run.Client.Triggers.GetTriggerAsync(new() { Ref = triggerRef }, cancellationToken: ct);
            return answer.Trigger.Output is { Fields.Count: > 0 } schema ? ParameterField.Read(schema) : null;
        }
        catch (RpcException denied) when (denied.StatusCode is StatusCode.PermissionDenied)
        {
            return null;
        }
    }
}
