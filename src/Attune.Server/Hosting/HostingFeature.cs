using Attune.Server.Hosting.Health;
using Attune.Server.Hosting.Reflection;
using Attune.Server.Hosting.Requests;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Options;

namespace Attune.Server.Hosting;

static class HostingFeature
{
    const int MessageSizeMax = 4 * 1024 * 1024;

    static readonly TimeSpan ShutdownTimeout = TimeSpan.FromSeconds(30);

    /// <summary>Kestrel, logging and the interceptors that every call passes, outermost first.</summary>
    public static WebApplicationBuilder CreateBuilder(IConfiguration configuration)
    {
        var builder = WebApplication.CreateEmptyBuilder(new() { ApplicationName = "attune-server" });
        builder.Configuration.AddConfiguration(configuration);
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration();
        builder.AddAttuneLogging();
        builder.Services.AddHosting();
        return builder;
    }

    static void AddHosting(this IServiceCollection services)
    {
        services.AddSingleton(TimeProvider.System);
        services.Configure<HostOptions>(host => host.ShutdownTimeout = ShutdownTimeout);
        services
            // First, so that no loop begins before the schema and the keys are known to fit.
            .AddHostedService<ServerStart>()
            .AddSingleton<ServerSecrets>()
            .AddSettings<ServerOptions, ServerOptionsValidator>(ServerOptions.Section)
            .AddSettings<TlsOptions, TlsOptionsValidator>(TlsOptions.Section)
            .AddSettings<HttpOptions, HttpOptionsValidator>(HttpOptions.Section)
            .AddSingleton<IConfigureOptions<KestrelServerOptions>, KestrelSetup>()
            .AddSingleton<HttpAddress>()
            .AddSingleton<ClientAddress>()
            .AddSingleton<ServerCertificate>()
            .AddHostedService(provider => provider.GetRequiredService<ServerCertificate>())
            .AddSingleton<PermissionTable>()
            .AddSingleton<ErrorInterceptor>()
            .AddSingleton<PermissionInterceptor>()
            .AddSingleton<RequestStore>()
            .AddSingleton<RequestIdInterceptor>()
            .AddHostedService<RequestCleanup>()
            .AddSingleton<HealthState>()
            .AddHostedService<HealthLoop>()
            .AddSingleton<ReflectionIndex>()
            .AddRouting()
            .AddGrpc(grpc =>
            {
                grpc.MaxReceiveMessageSize = MessageSizeMax;
                grpc.EnableDetailedErrors = false;
                grpc.Interceptors.Add<ErrorInterceptor>();
                grpc.Interceptors.Add<PermissionInterceptor>();
                grpc.Interceptors.Add<RequestIdInterceptor>();
            });
    }

    public static void MapHosting(this WebApplication app)
    {
        app.Use(HttpPort.SeparateAsync);
        IEndpointRouteBuilder endpoints = app;
        HttpPort.Serve(endpoints.Map(HealthHttp.Path, HealthHttp.AnswerAsync));
        endpoints.MapGrpcService<HealthGrpc>();
        endpoints.MapGrpcService<ReflectionGrpc>();
        endpoints.MapGrpcService<ReflectionAlphaGrpc>();
    }
}
