using Attune.Server.Hosting.Health;
using Attune.Testing;
using Google.Protobuf.Reflection;
using Grpc.Core;
using Grpc.Health.V1;
using static Grpc.Health.V1.HealthCheckResponse.Types;
using Alpha = Grpc.Reflection.V1Alpha;
using Latest = Grpc.Reflection.V1;

namespace Attune.Server.Tests.Hosting;

public sealed class HealthAndReflectionTests
{
    static CancellationToken SoonEnough => Waiting.SoonEnough;

    [Theory]
    [InlineData("")]
    [InlineData("attune.v1.IdentityService")]
    [InlineData("grpc.health.v1.Health")]
    public async Task A_server_whose_database_answers_is_serving(string service)
    {
        await using var bench = await EdgeBench.StartAsync(SoonEnough);
        var health = new Health.HealthClient(bench.Channel);

        await Waiting.UntilAsync(
            async () => (await health.CheckAsync(new() { Service = service })).Status is ServingStatus.Serving, "serving", SoonEnough);
    }

    [Fact]
    public async Task An_unknown_service_is_not_found_and_a_watch_of_it_waits()
    {
        await using var bench = await EdgeBench.StartAsync(SoonEnough);
        var health = new Health.HealthClient(bench.Channel);

        Assert.Equal(StatusCode.NotFound, (await Refused.OfAsync(health.CheckAsync(new() { Service = "no.Such" }))).StatusCode);
        using var watch = health.Watch(new() { Service = "no.Such" });
        Assert.True(await watch.ResponseStream.MoveNext(SoonEnough));
        Assert.Equal(ServingStatus.ServiceUnknown, watch.ResponseStream.Current.Status);
    }

    [Fact]
    public async Task A_watcher_hears_every_change_and_the_end()
    {
        await using var bench = await EdgeBench.StartAsync(SoonEnough);
        var state = bench.Get<HealthState>();
        await Waiting.UntilAsync(() => state.IsServing, "serving", SoonEnough);
        using var watch = new Health.HealthClient(bench.Channel).Watch(new());

        Assert.Equal(ServingStatus.Serving, await NextAsync(watch));
        state.Set(false);
        Assert.Equal(ServingStatus.NotServing, await NextAsync(watch));
        state.Set(true);
        Assert.Equal(ServingStatus.Serving, await NextAsync(watch));

        bench.App.Lifetime.StopApplication();
        Assert.Equal(ServingStatus.NotServing, await NextAsync(watch));
        Assert.False(await watch.ResponseStream.MoveNext(SoonEnough));
    }

    [Fact]
    public async Task Reflection_describes_what_is_served_completely()
    {
        await using var bench = await EdgeBench.StartAsync(SoonEnough);
        using var call = new Latest.ServerReflection.ServerReflectionClient(bench.Channel).ServerReflectionInfo();

        var services = (await AskAsync(call, new() { ListServices = "" })).ListServicesResponse.Service.Select(each => each.Name).ToList();
        Assert.Contains("attune.v1.IdentityService", services);
        Assert.Contains("grpc.health.v1.Health", services);
        foreach (var service in services)
        {
            var answer = await AskAsync(call, new() { FileContainingSymbol = service });
            var files = FileDescriptor.BuildFromByteStrings(answer.FileDescriptorResponse.FileDescriptorProto.Reverse());
            Assert.Contains(files.SelectMany(file => file.Services), each => each.FullName == service);
        }
    }

    [Theory]
    [InlineData("attune.v1.IdentityService.Login", "attune/v1/identity_service.proto")]
    [InlineData("attune.v1.LoginRequest.password", "attune/v1/identity_service.proto")]
    [InlineData("attune.v1.WorkerRole", "attune/v1/worker.proto")]
    [InlineData("attune.v1.WORKER_ROLE_HYBRID", "attune/v1/worker.proto")]
    [InlineData("attune.v1.permission", "attune/v1/permission.proto")]
    [InlineData("google.protobuf.Struct", "google/protobuf/struct.proto")]
    public async Task Older_clients_find_every_kind_of_symbol(string symbol, string file)
    {
        await using var bench = await EdgeBench.StartAsync(SoonEnough);
        using var call = new Alpha.ServerReflection.ServerReflectionClient(bench.Channel).ServerReflectionInfo();

        await call.RequestStream.WriteAsync(new() { FileContainingSymbol = symbol, Host = "here" });
        Assert.True(await call.ResponseStream.MoveNext(SoonEnough));

        var answer = call.ResponseStream.Current;
        Assert.Equal("here", answer.ValidHost);
        Assert.Equal(symbol, answer.OriginalRequest.FileContainingSymbol);
        Assert.Equal(file, FileDescriptorProto.Parser.ParseFrom(answer.FileDescriptorResponse.FileDescriptorProto[0]).Name);
    }

    [Fact]
    public async Task Reflection_answers_questions_about_extensions_and_says_what_it_does_not_know()
    {
        await using var bench = await EdgeBench.StartAsync(SoonEnough);
        using var call = new Latest.ServerReflection.ServerReflectionClient(bench.Channel).ServerReflectionInfo();
        const string options = "google.protobuf.MethodOptions";

        Assert.Equal([50501], (await AskAsync(call, new() { AllExtensionNumbersOfType = options })).AllExtensionNumbersResponse.ExtensionNumber);
        var extension = await AskAsync(call, new() { FileContainingExtension = new() { ContainingType = options, ExtensionNumber = 50501 } });
        Assert.NotEmpty(extension.FileDescriptorResponse.FileDescriptorProto);
        Assert.Equal(5, (await AskAsync(call, new() { FileByFilename = "no/such.proto" })).ErrorResponse.ErrorCode);
        Assert.Equal(3, (await AskAsync(call, new())).ErrorResponse.ErrorCode);
    }

    static async Task<ServingStatus> NextAsync(AsyncServerStreamingCall<HealthCheckResponse> watch)
    {
        Assert.True(await watch.ResponseStream.MoveNext(SoonEnough));
        return watch.ResponseStream.Current.Status;
    }

    static async Task<Latest.ServerReflectionResponse> AskAsync(
        AsyncDuplexStreamingCall<Latest.ServerReflectionRequest, Latest.ServerReflectionResponse> call, Latest.ServerReflectionRequest request)
    {
        await call.RequestStream.WriteAsync(request);
        Assert.True(await call.ResponseStream.MoveNext(SoonEnough));
        return call.ResponseStream.Current;
    }
}
