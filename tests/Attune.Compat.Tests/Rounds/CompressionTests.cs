using System.IO.Compression;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using Grpc.Net.Compression;

namespace Attune.Compat.Tests.Rounds;

public sealed class CompressionTests : IAsyncLifetime
{
    static readonly Metadata AskForGzip = new() { { "grpc-internal-encoding-request", "gzip" } };

    readonly CountedGzip onServer = new();
    readonly CountedGzip onClient = new();
    RoundServer server = null!;

    public async Task InitializeAsync() => server = await RoundServer.StartAsync(options =>
    {
        options.CompressionProviders = [onServer];
        options.ResponseCompressionAlgorithm = "gzip";
    });

    public async Task DisposeAsync() => await server.DisposeAsync();

    Round.RoundClient Client => server.Client(new GrpcChannelOptions { CompressionProviders = [onClient] });

    [Fact]
    public async Task Messages_are_compressed_both_ways()
    {
        var note = new Note { Text = "z", Content = ByteString.CopyFrom(new byte[100_000]) };

        var answer = await Client.SayAsync(note, AskForGzip);

        Assert.Equal(note, answer);
        Assert.Equal((1, 1), (onClient.Compressed, onServer.Decompressed));
        Assert.Equal((1, 1), (onServer.Compressed, onClient.Decompressed));
    }

    [Fact]
    public async Task Every_message_of_a_stream_is_compressed_but_those_that_opt_out()
    {
        using var call = Client.Echo(AskForGzip);
        foreach (var flags in new[] { default, WriteFlags.NoCompress, default })
        {
            call.RequestStream.WriteOptions = new WriteOptions(flags);
            await call.RequestStream.WriteAsync(new() { Text = "stream" });
            Assert.True(await call.ResponseStream.MoveNext());
        }

        Assert.Equal((2, 2), (onClient.Compressed, onServer.Decompressed));
        Assert.Equal((3, 3), (onServer.Compressed, onClient.Decompressed));
    }

    [Fact]
    public async Task The_server_can_opt_out_for_one_call()
    {
        Assert.Equal("uncompressed", (await Client.SayAsync(new() { Text = "uncompressed" }, AskForGzip)).Text);
        Assert.Equal((1, 0), (onClient.Compressed, onServer.Compressed));
    }

    [Theory]
    [InlineData(CompressionLevel.Optimal)]
    [InlineData(null)]
    public void Both_providers_shrink_and_restore_and_leave_the_target_open(CompressionLevel? level)
    {
        foreach (var provider in new ICompressionProvider[]
        {
            new GzipCompressionProvider(CompressionLevel.Fastest),
            new DeflateCompressionProvider(CompressionLevel.Fastest),
        })
        {
            var target = new MemoryStream();
            using (var compressing = provider.CreateCompressionStream(target, level))
                compressing.Write(new byte[10_000]);

            Assert.InRange(target.Length, 1, 1_000);
            target.Position = 0;
            using var restored = new MemoryStream();
            provider.CreateDecompressionStream(target).CopyTo(restored);
            Assert.Equal(new byte[10_000], restored.ToArray());
        }
    }

    [Fact]
    public void The_names_are_those_of_the_protocol() => Assert.Equal(
        ["gzip", "deflate"],
        [new GzipCompressionProvider(default).EncodingName, new DeflateCompressionProvider(default).EncodingName]);
}
