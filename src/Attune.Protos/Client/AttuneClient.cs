using Attune.V1;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Grpc.Net.Client;

namespace Attune.Protos.Client;

/// <summary>
/// The control plane from .NET. Thread-safe; make one and keep it. Every failed call throws <see cref="AttuneException"/>.
/// </summary>
/// <remarks>
/// A call gets the login's token (renewed when it ends), a deadline where it has none, and is made again while the server is
/// UNAVAILABLE if that cannot do anything twice: reads, and mutations by their request_id, which is made up where it is empty.
/// </remarks>
public sealed class AttuneClient : IDisposable
{
    readonly GrpcChannel channel;
    readonly CallPolicy policy;
    readonly CallInvoker invoker;
    readonly IdentityService.IdentityServiceClient anonymous;

    /// <exception cref="ArgumentException">The address is not http(s), or cleartext beyond loopback.</exception>
    public AttuneClient(AttuneClientOptions options, TimeProvider? clock = null)
    {
        Options = options;
        channel = Transport.Open(options);
        anonymous = new(channel);
        policy = new(options, RenewAsync, clock ?? TimeProvider.System);
        invoker = channel.Intercept(policy);
    }

    public AttuneClientOptions Options { get; }

    public ActionService.ActionServiceClient Actions => field ??= new(invoker);

    public ExecutionService.ExecutionServiceClient Executions => field ??= new(invoker);

    public IdentityService.IdentityServiceClient Identities => field ??= new(invoker);

    public PackService.PackServiceClient Packs => field ??= new(invoker);

    public RuntimeService.RuntimeServiceClient Runtimes => field ??= new(invoker);

    public SystemService.SystemServiceClient System => field ??= new(invoker);

    public WorkerService.WorkerServiceClient Workers => field ??= new(invoker);

    public TriggerService.TriggerServiceClient Triggers => field ??= new(invoker);

    public RuleService.RuleServiceClient Rules => field ??= new(invoker);

    public EventService.EventServiceClient Events => field ??= new(invoker);

    public SensorService.SensorServiceClient Sensors => field ??= new(invoker);

    public WorkflowService.WorkflowServiceClient Workflows => field ??= new(invoker);

    public InquiryService.InquiryServiceClient Inquiries => field ??= new(invoker);

    public FeedService.FeedServiceClient Feed => field ??= new(invoker);

    /// <summary>Logs in by password; later calls of this client go out as that identity.</summary>
    /// <exception cref="AttuneException">LOGIN_FAILED or LOGIN_THROTTLED.</exception>
    public async Task<LoginResponse> LoginAsync(string login, string password, CancellationToken ct)
    {
        var answer = await Identities.LoginAsync(new() { Login = login, Password = password }, cancellationToken: ct);
        policy.Credentials = AttuneCredentials.Login(LoginTokens.Of(answer));
        return answer;
    }

    public void Dispose() => channel.Dispose();

    // Outside the policy: it must not wait for the very token that it fetches.
    async Task<LoginTokens> RenewAsync(LoginTokens stale, CancellationToken ct)
    {
        try
        {
            return LoginTokens.Of(await anonymous.RefreshTokenAsync(
                new() { RefreshToken = stale.RefreshToken }, deadline: policy.Deadline(), cancellationToken: ct));
        }
        catch (RpcException failure)
        {
            throw AttuneException.From(failure);
        }
    }
}
