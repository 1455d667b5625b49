using System.CommandLine;
using Attune.Cli.Completion;
using Attune.Cli.Parameters;
using Attune.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace Attune.Cli.Commands.Inquiries;

static class RespondInquiry
{
    static readonly Argument<string> id = InquiryText.Id();
    static readonly Suggested<string[]> words = new("k=v", Suggestions.ResponseAsync)
    {
        Description = "Fields of the answer: k=v, k=@file, k:=json, a.b=v. Without any, and on a terminal, they are asked for",
        Arity = ArgumentArity.ZeroOrMore,
    };
    static readonly Option<string?> response = new("--response")
    {
        Description = "JSON or YAML object to begin with: itself, @FILE, or - for stdin",
        HelpName = "JSON",
    };

    public static Command Command() => new Command("respond", "Answer an inquiry").With(id, words, response).Does(RunAsync);

    static async Task RunAsync(Invocation run, CancellationToken ct)
    {
        var inquiryId = InquiryText.ParseId(run.Get(id));
        var inquiry = await FindAsync(run, inquiryId, ct);
        var given = run.Get(words) ?? [];
        var body = run.Get(response);
        var request = new RespondInquiryRequest
        {
            // A call that is repeated because its answer was lost must not be a second answer.
            RequestId = Guid.NewGuid().ToString("N"),
            InquiryId = inquiryId,
            Response = given.Length is 0 && body is null ? Ask(run, inquiryId, inquiry) : Read(inquiryId, inquiry, body, given),
        };

        var answered = (await run.Client.Inquiries.RespondInquiryAsync(request, cancellationToken: ct)).Inquiry;
        run.Answer.Done(answered, Sentence(answered));
    }

    static Struct Read(long inquiryId, Inquiry? inquiry, string? body, string[] given)
    {
        var schema = inquiry?.ResponseSchema is { Fields.Count: > 0 } fields ? ParameterField.Read(fields) : null;
        var set = new ParameterSet($"{inquiryId}", schema, ParameterFile.ReadText, "attune inquiry show", "field");
        if (body is not null)
            set.Lay(ParameterFile.ReadInline(body, "--response"));
        set.Add(given);
        return set.Values;
    }

    static Struct Ask(Invocation run, long inquiryId, Inquiry? inquiry)
    {
        if (!run.Terminal.InIsTerminal)
        {
            throw new CommandFailure(
                "No answer is given, and there is no terminal to ask on.",
                $"Write it as name=value or --response JSON; `attune inquiry show {inquiryId}` says what is asked.");
        }

        if (inquiry is { Answerable: false })
            throw new CommandFailure(inquiry.NotAnswerableBecause);
        return AskForFields.Run(run, inquiry?.Prompt ?? "", inquiry?.ResponseSchema ?? new());
    }

    static string Sentence(Inquiry inquiry)
    {
        var counted = inquiry.Answers.Count(each => each.Counted);
        return inquiry is { Status: InquiryStatus.Pending, Quorum: 0 } ? $"Answered. Inquiry {inquiry.Id} waits for others."
            : inquiry.Status is InquiryStatus.Pending
            ? $"Answered. Inquiry {inquiry.Id} waits for {inquiry.Quorum - counted} more."
            : $"Answered. Inquiry {inquiry.Id} is {InquiryText.Status(inquiry.Status).Text}, and its workflow goes on.";
    }

    // Somebody may be allowed to answer and not to read, here or at all; the server checks.
    static async Task<Inquiry?> FindAsync(Invocation run, long inquiryId, CancellationToken ct)
    {
        try
        {
            return (await run.Client.Inquiries.GetInquiryAsync(new() { InquiryId = inquiryId }, cancellationToken: ct)).Inquiry;
        }
        catch (RpcException denied) when (denied.StatusCode is StatusCode.PermissionDenied or StatusCode.NotFound)
        {
            return null;
        }
    }
}
