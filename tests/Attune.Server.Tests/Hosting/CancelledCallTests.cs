using System.Collections.Concurrent;
using System.Net;
using Attune.Server.Hosting;
using Attune.Testing;
using Attune.V1;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Serilog.Core;
using Serilog.Events;
using Serilog.Extensions.Logging;

namespace Attune.Server.Tests.Hosting;

/// <summary>Callers hang up and lose patience all the time: nobody needs to be woken for that.</summary>
public sealed class CancelledCallTests
{
    const string Path = "/attune.v1.IdentityService/ListIdentities";

    static CancellationToken SoonEnough => Waiting.SoonEnough;

    [Fact]
    public async Task A_caller_that_hangs_up_before_its_request_is_read_is_not_logged()
    {
        var calls = new Calls { HeldUntilHangUp = true };
        await using var bench = await EdgeBench.StartAsync(first: null, manualClock: true, calls.Watch, SoonEnough);
        var log = new Log(bench);
        using var client = new HttpClient();
        using var hangUp = new CancellationTokenSource();
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(bench.Address, Path))
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new HalfMessage(hangUp.Token) { Headers = { { "content-type", "application/grpc" } } },
        };

        var call = client.SendAsync(request, hangUp.Token);
        await calls.Begun.Task.WaitAsync(SoonEnough);
        await hangUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);

        await calls.Ended.Task.WaitAsync(SoonEnough);
        Assert.Empty(log.Entries);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_caller_that_hangs_up_or_loses_patience_while_it_is_served_is_not_logged(bool byDeadline)
    {
        var calls = new Calls();
        await using var bench = await EdgeBench.StartAsync(first: null, manualClock: true, calls.Watch, SoonEnough);
        var identities = new IdentityService.IdentityServiceClient(await bench.AsAdminAsync(SoonEnough));
        var log = new Log(bench);
        await using var connection = await bench.Database.Db.OpenConnectionAsync(SoonEnough);
        await using var transaction = await connection.BeginTransactionAsync(SoonEnough);
        await using (var command = connection.CreateCommand())
        {
            command.CommandText = "lock table identity";
            await command.ExecuteNonQueryAsync(SoonEnough);
        }

        using var hangUp = new CancellationTokenSource();
        var options = byDeadline
            ? new CallOptions(deadline: TimeProvider.System.GetUtcNow().UtcDateTime.AddSeconds(2))
            : new CallOptions(cancellationToken: hangUp.Token);
        var call = identities.ListIdentitiesAsync(new(), options).ResponseAsync;
        await calls.Begun.Task.WaitAsync(SoonEnough);
        if (!byDeadline)
            await hangUp.CancelAsync();
        var refused = await Assert.ThrowsAsync<RpcException>(() => call);
        Assert.Equal(byDeadline ? StatusCode.DeadlineExceeded : StatusCode.Cancelled, refused.StatusCode);

        await calls.Ended.Task.WaitAsync(SoonEnough);
        Assert.Empty(log.Entries);
    }

    /// <summary>When the server has begun and ended its first call of the method.</summary>
    sealed class Calls
    {
        public TaskCompletionSource Begun { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource Ended { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>
        /// Begins to serve when the caller is gone already, but not known to be: the body breaks a moment before the token is cancelled,
        /// and a call may find itself in between.
        /// </summary>
        public bool HeldUntilHangUp { get; init; }

        public void Watch(WebApplication app) => app.Use(async (context, next) =>
        {
            if (context.Request.Path != new PathString(Path))
            {
                await next(context);
                return;
            }

            var gone = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            await using var aborted = context.RequestAborted.Register(gone.SetResult);
            Begun.TrySetResult();
            if (HeldUntilHangUp)
            {
                await gone.Task;
                context.RequestAborted = CancellationToken.None;
            }

            try
            {
                await next(context);
            }
            finally
            {
                Ended.TrySetResult();
            }
        });
    }

    /// <summary>Announces a message of ten bytes and never sends them.</summary>
    sealed class HalfMessage(CancellationToken hangUp) : HttpContent
    {
        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            await stream.WriteAsync(new byte[] { 0, 0, 0, 0, 10 }, hangUp);
            await stream.FlushAsync(hangUp);
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, hangUp);
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }

    /// <summary>What the server's own choice of what to log lets through, of warnings and worse.</summary>
    sealed class Log : ILogEventSink
    {
        public Log(EdgeBench bench) => bench.Get<ILoggerFactory>().AddProvider(
            new SerilogLoggerProvider(LoggingSetup.Choose(LogEventLevel.Warning).WriteTo.Sink(this).CreateLogger()));

        public ConcurrentQueue<string> Entries { get; } = new();

        public void Emit(LogEvent logEvent) => Entries.Enqueue($"{logEvent.RenderMessage()} {logEvent.Exception}");
    }
}
