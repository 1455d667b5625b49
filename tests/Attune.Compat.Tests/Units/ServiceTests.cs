using Attune.Compat.Tests.Rounds;
using Grpc.Core;
using Grpc.Core.Interceptors;

namespace Attune.Compat.Tests.Units;

public sealed class ServiceTests
{
    static readonly Method<string, string> Say
        = new(MethodType.Unary, "attune.Test", "Say", Marshallers.StringMarshaller, Marshallers.StringMarshaller);

    [Fact]
    public void A_method_knows_its_path()
    {
        Assert.Equal("/attune.Test/Say", Say.FullName);
        Assert.Equal((MethodType.Unary, "attune.Test", "Say"), (Say.Type, Say.ServiceName, Say.Name));
        Assert.Throws<ArgumentNullException>(() => new Method<string, string>(default, null!, "", Say.RequestMarshaller, Say.ResponseMarshaller));
    }

    [Fact]
    public void A_generated_service_lists_its_methods_bound_or_not()
    {
        var bound = new Names();
        Round.BindService(new RoundService(new ServerSide())).BindService(bound);
        var unbound = new Names();
        Round.BindService(unbound, null!);

        Assert.Equal(9, bound.Methods.Count);
        Assert.Equal(bound.Methods.Select(name => name.Replace("bound", "unbound")), unbound.Methods);
        Assert.Contains("bound Unary /attune.compat.tests.Round/Say", bound.Methods);
        Assert.Contains("bound DuplexStreaming /attune.compat.tests.Round/Echo", bound.Methods);
    }

    [Fact]
    public void A_method_is_added_once()
    {
        UnaryServerMethod<string, string> echo = (request, _) => Task.FromResult(request);
        var builder = ServerServiceDefinition.CreateBuilder().AddMethod(Say, echo);

        Assert.Throws<ArgumentException>(() => builder.AddMethod(Say, echo));
    }

    [Fact]
    public void A_client_without_a_channel_implements_nothing_and_a_host_replaces_that_of_every_call()
    {
        Assert.Throws<NotImplementedException>(() => new Mute().Say(new()));

        var invoker = new Hosts();
        Assert.Null(new Round.RoundClient(invoker).Say(new()));
        Assert.Null(new Round.RoundClient(invoker).WithHost("other.example").Say(new()));
        Assert.Equal([null, "other.example"], invoker.Seen);
    }

    [Fact]
    public void The_last_interceptor_added_is_the_first_asked()
    {
        var seen = new List<string>();
        var invoker = new Hosts().Intercept(new ClientNotes("inner", seen)).Intercept(new ClientNotes("a", seen), new ClientNotes("b", seen));

        Assert.Null(new Round.RoundClient(invoker).Say(new()));

        Assert.Equal(["a blocking", "b blocking", "inner blocking"], seen);
    }

    [Fact]
    public void Who_the_peer_is_comes_from_the_property_that_identifies_it()
    {
        var name = AuthProperty.Create("name", "agent-é"u8.ToArray());
        var peer = new AuthContext("name", new() { ["name"] = [name], ["other"] = [AuthProperty.Create("other", [1])] });
        var stranger = new AuthContext(null, []);

        Assert.True(peer.IsPeerAuthenticated);
        Assert.Equal("agent-é", peer.PeerIdentity.Single().Value);
        Assert.Equal(2, peer.Properties.Count());
        Assert.Empty(peer.FindPropertiesByName("missing"));
        Assert.False(stranger.IsPeerAuthenticated);
        Assert.Empty(stranger.PeerIdentity);
    }

    sealed class Mute : Round.RoundClient;

    sealed class Names : ServiceBinderBase
    {
        public List<string> Methods { get; } = [];

        public override void AddMethod<TRequest, TResponse>(
            Method<TRequest, TResponse> method, UnaryServerMethod<TRequest, TResponse>? handler) => Add(method, handler);

        public override void AddMethod<TRequest, TResponse>(
            Method<TRequest, TResponse> method, ClientStreamingServerMethod<TRequest, TResponse>? handler) => Add(method, handler);

        public override void AddMethod<TRequest, TResponse>(
            Method<TRequest, TResponse> method, ServerStreamingServerMethod<TRequest, TResponse>? handler) => Add(method, handler);

        public override void AddMethod<TRequest, TResponse>(
            Method<TRequest, TResponse> method, DuplexStreamingServerMethod<TRequest, TResponse>? handler) => Add(method, handler);

        void Add(IMethod method, Delegate? handler)
            => Methods.Add($"{(handler is null ? "unbound" : "bound")} {method.Type} {method.FullName}");
    }

    sealed class Hosts : CallInvoker
    {
        public List<string?> Seen { get; } = [];

        public override TResponse BlockingUnaryCall<TRequest, TResponse>(
            Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request)
        {
            Seen.Add(host);
            return null!;
        }

        public override AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(
            Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request)
            => throw new NotSupportedException();

        public override AsyncServerStreamingCall<TResponse> AsyncServerStreamingCall<TRequest, TResponse>(
            Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request)
            => throw new NotSupportedException();

        public override AsyncClientStreamingCall<TRequest, TResponse> AsyncClientStreamingCall<TRequest, TResponse>(
            Method<TRequest, TResponse> method, string? host, CallOptions options)
            => throw new NotSupportedException();

        public override AsyncDuplexStreamingCall<TRequest, TResponse> AsyncDuplexStreamingCall<TRequest, TResponse>(
            Method<TRequest, TResponse> method, string? host, CallOptions options)
            => throw new NotSupportedException();
    }
}
