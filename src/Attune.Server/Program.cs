using Attune.Server.Actions;
using Attune.Server.Dispatch;
using Attune.Server.Events;
using Attune.Server.Executions;
using Attune.Server.Feed;
using Attune.Server.Hosting;
using Attune.Server.Identities;
using Attune.Server.Inquiries;
using Attune.Server.Keys;
using Attune.Server.Packs;
using Attune.Server.Rules;
using Attune.Server.Runtimes;
using Attune.Server.Sensors;
using Attune.Server.Status;
using Attune.Server.Storage;
using Attune.Server.Timers;
using Attune.Server.Triggers;
using Attune.Server.Webhooks;
using Attune.Server.Workers;
using Attune.Server.Workflows;

namespace Attune.Server;

static class Program
{
    static Task<int> Main(string[] args) => CommandLine.RunAsync(args);

    /// <summary>The whole control plane. `run`, `dev` and the tests build the same one and may adjust its services.</summary>
    internal static WebApplication Build(IConfiguration configuration, Action<WebApplicationBuilder>? adjust = null)
    {
        var builder = HostingFeature.CreateBuilder(configuration);
        builder.Services
            .AddStorage()
            .AddKeys()
            .AddIdentities()
            .AddStatus()
            .AddRuntimes()
            .AddActions()
            .AddPacks()
            .AddExecutions()
            .AddTriggers()
            .AddRules()
            .AddEvents()
            .AddDispatch()
            .AddWorkers()
            .AddWorkflows()
            .AddFeed()
            .AddTimers()
            .AddWebhooks()
            .AddSensors()
            .AddInquiries();
        adjust?.Invoke(builder);

        var app = builder.Build();
        app.MapHosting();
        app.MapIdentities();
        app.MapStatus();
        app.MapRuntimes();
        app.MapActions();
        app.MapPacks();
        app.MapExecutions();
        app.MapTriggers();
        app.MapRules();
        app.MapEvents();
        app.MapWorkers();
        app.MapFeed();
        app.MapWebhooks();
        app.MapSensors();
        app.MapWorkflows();
        app.MapInquiries();
        return app;
    }
}
