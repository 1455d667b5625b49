using System.Collections.Immutable;
using Grpc.Core;

namespace Attune.Compat.Tests.Rounds;

public sealed class RoundService(ServerSide seen) : Round.RoundBase
{
    public static readonly byte[] Blob = [0, 1, 127, 128, 255];

    /// <summary>Echoes, with a text and a binary entry in both headers and trailers.</summary>
    public override async Task<Note> Say(Note request, ServerCallContext context)
    {
        Remember(context);
        context.ResponseTrailers.Add("said", request.Text);
        context.ResponseTrailers.Add("said-bin", Blob);
        if (request.Text is "uncompressed")
            context.WriteOptions = new WriteOptions(WriteFlags.NoCompress);

        await context.WriteResponseHeadersAsync(new() { { "Heard", request.Text }, { "heard-bin", Blob } });
        return request;
    }

    public override async Task<Note> Sum(IAsyncStreamReader<Note> requestStream, ServerCallContext context)
    {
        var sum = new Note();
        await foreach (var note in requestStream.ReadAllAsync(context.CancellationToken))
        {
            sum.Number += note.Number;
            sum.Text += note.Text;
        }

        return sum;
    }

    public override async Task Count(Note request, IServerStreamWriter<Note> responseStream, ServerCallContext context)
    {
        for (var number = 1; number <= request.Number; number++)
            await responseStream.WriteAsync(new() { Number = number }, context.CancellationToken);

        context.ResponseTrailers.Add("counted", $"{request.Number}");
    }

    public override async Task Echo(
        IAsyncStreamReader<Note> requestStream,
        IServerStreamWriter<Note> responseStream,
        ServerCallContext context)
    {
        while (await requestStream.MoveNext())
            await responseStream.WriteAsync(requestStream.Current);
    }

    /// <summary>Fails with the status code <c>number</c> and the detail <c>text</c>.</summary>
    public override Task<Note> Fail(Note request, ServerCallContext context)
    {
        context.ResponseTrailers.Add("by", "context");
        throw new RpcException(
            new Status((StatusCode)request.Number, request.Text, new InvalidOperationException("stays on the server")),
            new Metadata { { "by-exception", "yes" }, { "grpc-status-details-bin", request.Content.ToByteArray() } });
    }

    public override async Task<Note> Hang(Note request, ServerCallContext context)
    {
        Remember(context);
        seen.Deadline = context.Deadline;
        await UntilCancelled(context);
        return request;
    }

    /// <summary>One message, then silence.</summary>
    public override async Task Drip(Note request, IServerStreamWriter<Note> responseStream, ServerCallContext context)
    {
        await responseStream.WriteAsync(request);
        await UntilCancelled(context);
    }

    /// <summary>Writes until the client's window is full, then cancels that write.</summary>
    public override async Task Flood(Note request, IServerStreamWriter<Note> responseStream, ServerCallContext context)
    {
        using var patience = new CancellationTokenSource();
        try
        {
            await Flooding.UntilCancelledAsync(responseStream, patience);
        }
        catch (Exception exception)
        {
            seen.WriteFailed.SetResult(exception);
            throw;
        }
    }

    /// <summary>Reads nothing, so that the client's writes get stuck.</summary>
    public override async Task<Note> Sink(IAsyncStreamReader<Note> requestStream, ServerCallContext context)
    {
        await UntilCancelled(context);
        return new();
    }

    async Task UntilCancelled(ServerCallContext context)
    {
        seen.Entered.TrySetResult();
        var cancelled = ServerSide.Signal();
        await using var registration = context.CancellationToken.Register(cancelled.SetResult);
        await cancelled.Task;
        seen.Cancelled.TrySetResult();
        context.CancellationToken.ThrowIfCancellationRequested();
    }

    void Remember(ServerCallContext context) => seen.RequestHeaders = context.RequestHeaders
        .ToImmutableDictionary(entry => entry.Key, entry => entry.IsBinary ? Convert.ToHexString(entry.ValueBytes) : entry.Value);
}
