using Grpc.Core;

namespace Attune.Compat.Tests.Rounds;

public sealed class CancellationTests : IAsyncLifetime
{
    RoundServer server = null!;

    public async Task InitializeAsync() => server = await RoundServer.StartAsync();

    public async Task DisposeAsync() => await server.DisposeAsync();

    [Fact]
    public async Task A_passed_deadline_ends_the_call_on_both_sides()
    {
        var deadline = TimeProvider.System.GetUtcNow().UtcDateTime.AddSeconds(1);

        var failure = await Assert.ThrowsAsync<RpcException>(async () => await server.Client().HangAsync(new(), deadline: deadline));

        Assert.Equal(StatusCode.DeadlineExceeded, failure.StatusCode);
        await server.Seen.Cancelled.Task.WaitAsync(RoundServer.Patience);
        Assert.Equal(DateTimeKind.Utc, server.Seen.Deadline.Kind);
        Assert.InRange(server.Seen.Deadline, deadline.AddMinutes(-1), deadline.AddMinutes(1));
    }

    [Fact]
    public async Task A_call_without_a_deadline_has_the_latest_one()
    {
        using var call = server.Client().HangAsync(new());
        await server.Seen.Entered.Task.WaitAsync(RoundServer.Patience);

        Assert.Equal(DateTime.MaxValue, server.Seen.Deadline);
    }

    [Fact]
    public async Task A_client_that_cancels_ends_the_call_on_the_server()
    {
        using var cancel = new CancellationTokenSource();
        using var call = server.Client().HangAsync(new(), cancellationToken: cancel.Token);
        await server.Seen.Entered.Task.WaitAsync(RoundServer.Patience);

        await cancel.CancelAsync();

        var failure = await Assert.ThrowsAsync<RpcException>(() => call.ResponseAsync.WaitAsync(RoundServer.Patience));
        Assert.Equal(StatusCode.Cancelled, failure.StatusCode);
        await server.Seen.Cancelled.Task.WaitAsync(RoundServer.Patience);
    }

    [Fact]
    public async Task Disposing_a_call_cancels_it()
    {
        var call = server.Client().HangAsync(new());
        await server.Seen.Entered.Task.WaitAsync(RoundServer.Patience);

        call.Dispose();

        await server.Seen.Cancelled.Task.WaitAsync(RoundServer.Patience);
        Assert.Equal(StatusCode.Cancelled, call.GetStatus().StatusCode);
    }

    [Fact]
    public async Task A_server_that_cancels_says_so_to_the_client()
    {
        var request = new Note { Number = (int)StatusCode.Cancelled, Text = "the server's wish" };

        var failure = await Assert.ThrowsAsync<RpcException>(async () => await server.Client().FailAsync(request));

        Assert.Equal((StatusCode.Cancelled, "the server's wish"), (failure.StatusCode, failure.Status.Detail));
    }

    [Fact]
    public async Task Cancelling_a_stuck_write_of_the_client_ends_the_write_and_the_call()
    {
        using var patience = new CancellationTokenSource();
        using var call = server.Client().Sink();

        var failure = await Assert.ThrowsAsync<RpcException>(
            () => Flooding.UntilCancelledAsync(call.RequestStream, patience).WaitAsync(RoundServer.Patience));

        Assert.Equal(StatusCode.Cancelled, failure.StatusCode);
        await server.Seen.Cancelled.Task.WaitAsync(RoundServer.Patience);
    }

    [Fact]
    public async Task Cancelling_a_stuck_write_of_the_server_ends_the_write_and_the_call()
    {
        using var call = server.Client().Flood(new());

        var ended = await server.Seen.WriteFailed.Task.WaitAsync(RoundServer.Patience);

        Assert.IsAssignableFrom<OperationCanceledException>(ended);
        await Assert.ThrowsAsync<RpcException>(async () =>
        {
            await foreach (var note in call.ResponseStream.ReadAllAsync())
                Assert.NotEmpty(note.Content);
        });
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Cancelling_the_reading_of_all_ends_the_call(bool byEnumerator)
    {
        using var cancel = new CancellationTokenSource();
        using var call = server.Client().Drip(new() { Text = "only" });
        var all = byEnumerator
            ? call.ResponseStream.ReadAllAsync().WithCancellation(cancel.Token)
            : call.ResponseStream.ReadAllAsync(cancel.Token).WithCancellation(CancellationToken.None);

        var texts = new List<string>();
        var failure = await Assert.ThrowsAsync<RpcException>(() => ReadAsync().WaitAsync(RoundServer.Patience));

        Assert.Equal(["only"], texts);
        Assert.Equal(StatusCode.Cancelled, failure.StatusCode);
        await server.Seen.Cancelled.Task.WaitAsync(RoundServer.Patience);

        async Task ReadAsync()
        {
            await foreach (var note in all)
            {
                texts.Add(note.Text);
                await cancel.CancelAsync();
            }
        }
    }

    [Fact]
    public async Task Leaving_the_loop_early_keeps_the_call_alive()
    {
        using var call = server.Client().Count(new() { Number = 3 });
        await foreach (var first in call.ResponseStream.ReadAllAsync())
            if (first.Number is 1)
                break;

        Assert.True(await call.ResponseStream.MoveNext());
        Assert.Equal(2, call.ResponseStream.Current.Number);
    }
}
