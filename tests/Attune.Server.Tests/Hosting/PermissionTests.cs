using Attune.Server.Hosting;
using Attune.Testing;
using Attune.V1;
using Grpc.AspNetCore.Server;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;

namespace Attune.Server.Tests.Hosting;

public sealed class PermissionTests
{
    static CancellationToken SoonEnough => Waiting.SoonEnough;

    [Fact]
    public void Every_rpc_of_ours_says_what_it_needs()
    {
        var table = new PermissionTable();

        var silent = ApiDescriptors.Methods.Select(ApiDescriptors.PathOf).Where(path => table.Find(path) is null);

        Assert.Empty(silent);
        Assert.Contains(table.Requirements, each => each.Path == "/attune.v1.ExecutionService/StartExecution"
            && each.Requirement is { Access: Access.Unspecified, Resource: "executions", Action: "start" });
    }

    [Fact]
    public async Task Every_served_rpc_refuses_strangers_and_people_without_its_permission()
    {
        await using var bench = await EdgeBench.StartAsync(SoonEnough);
        var powerless = await bench.AsNewAsync("powerless", """[{"resource": "nothing", "actions": ["*"]}]""", SoonEnough);
        var table = bench.Get<PermissionTable>();
        var served = bench.Get<EndpointDataSource>().Endpoints
            .Select(endpoint => endpoint.Metadata.GetMetadata<GrpcMethodMetadata>()?.Method.FullName)
            .ToHashSet();
        var methods = ApiDescriptors.Methods.Where(method => served.Contains(ApiDescriptors.PathOf(method))).ToList();
        Assert.True(methods.Count > 15);

        foreach (var method in methods)
        {
            var requirement = table.Find(ApiDescriptors.PathOf(method))!;
            if (requirement.Access is Access.Anonymous)
                continue;

            var stranger = await RawCall.TryAsync(bench.Channel.CreateCallInvoker(), method, SoonEnough);
            Assert.Equal(StatusCode.Unauthenticated, stranger?.StatusCode);

            var person = await RawCall.TryAsync(powerless, method, SoonEnough);
            if (requirement.Access is Access.Agent)
                Assert.Equal(StatusCode.Unauthenticated, person?.StatusCode);
            else if (requirement.Access is Access.Authenticated)
                Assert.NotEqual(StatusCode.Unauthenticated, person?.StatusCode ?? StatusCode.OK);
            else
            {
                Assert.NotNull(person);
                person.Is(StatusCode.PermissionDenied, "PERMISSION_DENIED");
                Assert.Equal($"{requirement.Resource}:{requirement.Action}", person.Detail().Metadata["permission"]);
            }
        }
    }

    [Fact]
    public async Task An_rpc_that_names_no_permission_is_refused_even_to_an_admin()
    {
        await using var bench = await EdgeBench.StartAsync(null, true, app => app.MapGrpcService<UnlistedService>(), SoonEnough);

        var refused = await RawCall.TryAsync(await bench.AsAdminAsync(SoonEnough), "test.v1.Unlisted", "Call", SoonEnough);

        Assert.NotNull(refused);
        refused.Is(StatusCode.PermissionDenied, "RPC_NOT_LISTED");
    }

    [Theory]
    [InlineData("")]
    [InlineData("Basic YWRtaW46YWRtaW4=")]
    [InlineData("Bearer")]
    [InlineData("Bearer ")]
    [InlineData("Bearer nonsense")]
    [InlineData("Bearer att_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.")]
    public async Task A_header_that_is_no_token_of_ours_is_refused(string header)
    {
        await using var bench = await EdgeBench.StartAsync(SoonEnough);
        await bench.AsAdminAsync(SoonEnough);

        var refused = await Refused.OfAsync(bench.Identities.GetCurrentIdentityAsync(
            new(), new Metadata { { "authorization", header } }, cancellationToken: SoonEnough));

        Assert.Equal(StatusCode.Unauthenticated, refused.StatusCode);
    }

    [Fact]
    public async Task A_grant_covers_its_actions_and_no_others()
    {
        await using var bench = await EdgeBench.StartAsync(SoonEnough);
        var reader = new IdentityService.IdentityServiceClient(
            await bench.AsNewAsync("reader", """[{"resource": "identities", "actions": ["read"]}]""", SoonEnough));

        Assert.Equal("reader", (await reader.GetIdentityAsync(new() { Login = "READER" })).Identity.Login);
        (await Refused.OfAsync(reader.CreateIdentityAsync(new() { Login = "other" }))).Is(StatusCode.PermissionDenied, "PERMISSION_DENIED");
    }

    [Theory]
    [InlineData("""[{"resource": "identities", "actions": ["read"], "constraints": {"colour": ["red"]}}]""")]
    [InlineData("""[{"resource": "identities", "actions": ["read"], "until": "2030-01-01"}]""")]
    [InlineData("""[{"resource": "identities", "actions": ["read"], "constraints": {"packs": []}}]""")]
    [InlineData("""[{"resource": "identities", "actions": "read"}]""")]
    [InlineData("""{"resource": "identities", "actions": ["read"]}""")]
    public async Task A_grant_that_is_not_understood_grants_nothing(string grants)
    {
        await using var bench = await EdgeBench.StartAsync(SoonEnough);
        var reader = new IdentityService.IdentityServiceClient(await bench.AsNewAsync("reader", grants, SoonEnough));

        (await Refused.OfAsync(reader.GetIdentityAsync(new() { Login = "reader" }))).Is(StatusCode.PermissionDenied, "PERMISSION_DENIED");
    }

    [Fact]
    public async Task A_right_taken_away_at_one_replica_is_gone_at_the_other()
    {
        await using var bench = await EdgeBench.StartAsync(SoonEnough);
        await using var other = await bench.StartReplicaAsync(SoonEnough);
        var admin = new IdentityService.IdentityServiceClient(await bench.AsAdminAsync(SoonEnough));
        await bench.AsNewAsync("reader", """[{"resource": "identities", "actions": ["read"]}]""", SoonEnough);
        var elsewhere = new IdentityService.IdentityServiceClient(await other.AsAsync("reader", SoonEnough));
        await elsewhere.GetIdentityAsync(new() { Login = "reader" });

        await admin.UnassignPermissionSetAsync(new() { Login = "reader", PermissionSetRef = "test.reader" });

        // The clock stands still, so nothing but the notification can end what the other replica remembers.
        await Waiting.UntilAsync(
            async () => await RawCall.TryAsync(
                other.With(await other.TokenForAsync("reader", SoonEnough)), "attune.v1.IdentityService", "GetIdentity", SoonEnough)
                is { StatusCode: StatusCode.PermissionDenied },
            "the other replica to refuse",
            SoonEnough);
        (await Refused.OfAsync(elsewhere.GetIdentityAsync(new() { Login = "reader" }))).Is(StatusCode.PermissionDenied, "PERMISSION_DENIED");
    }

    [BindServiceMethod(typeof(Unlisted), nameof(Bind))]
    abstract class Unlisted
    {
        static readonly Marshaller<byte[]> Bytes = Marshallers.Create<byte[]>(bytes => bytes, bytes => bytes);

        static readonly Method<byte[], byte[]> Method = new(MethodType.Unary, "test.v1.Unlisted", "Call", Bytes, Bytes);

        public virtual Task<byte[]> Call(byte[] request, ServerCallContext context) => throw new NotSupportedException();

        public static void Bind(ServiceBinderBase binder, Unlisted? service)
            => binder.AddMethod(Method, service is null ? null : new UnaryServerMethod<byte[], byte[]>(service.Call));
    }

    sealed class UnlistedService : Unlisted
    {
        public override Task<byte[]> Call(byte[] request, ServerCallContext context) => Task.FromResult(request);
    }
}
