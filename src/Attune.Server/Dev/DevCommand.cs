using System.Runtime.InteropServices;
using Attune.Server.Hosting;
using Attune.Server.Keys;
using Attune.Server.Storage;

namespace Attune.Server.Dev;

/// <summary>`attune-server dev`: PostgreSQL, server and agent come up in this order and go in the reverse one.</summary>
static class DevCommand
{
    public static async Task<int> RunAsync(string[] args)
    {
        var arguments = DevArguments.Parse(args);
        if (arguments.WantsHelp)
        {
            Console.WriteLine(DevArguments.Usage);
            return 0;
        }

        using var stop = new CancellationTokenSource();
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, Stop);
        try
        {
            return await RunAsync(arguments, TimeProvider.System, stop.Token);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return 0;
        }

        void Stop(PosixSignalContext signal)
        {
            signal.Cancel = true;
            stop.Cancel();
        }
    }

    static async Task<int> RunAsync(DevArguments arguments, TimeProvider clock, CancellationToken ct)
    {
        using var directory = DevDirectory.Claim(arguments.StateDirectory);
        var agentBinary = arguments.HasAgent ? AgentProcess.Find(arguments.AgentBinary) : null;

        await using var postgres = await PrivatePostgres.StartAsync(new() { Directory = directory.Postgres }, clock, ct);
        var migrator = new Migrator(postgres.ConnectionString, MigrationFolder.Load(MigrationFolder.BesideServer), clock);
        await migrator.RunAsync((_, _) => { }, ct);
        MasterKeys.CreateFile(directory.MasterKey);

        var address = $"http://127.0.0.1:{arguments.Port}";
        var http = $"http://127.0.0.1:{arguments.HttpPort ?? arguments.Port + 1}";
        await using var app = Program.Build(SettingsFor(address, http, directory, postgres), TakeSignalsOurselves);
        await app.StartAsync(ct);
        try
        {
            var installation = new DevInstallation(app.Services, directory, address);
            var cliConfiguration = await installation.EnsureLoginAsync(ct);
            await using var agent = agentBinary is null ? null : await installation.StartAgentAsync(agentBinary, clock, ct);
            Announce(address, http, cliConfiguration, directory, hasAgent: agent is not null);
            return await WaitAsync(app, postgres, agent, ct);
        }
        finally
        {
            await app.StopAsync(CancellationToken.None);
        }
    }

    static async Task<int> WaitAsync(WebApplication app, PrivatePostgres postgres, AgentProcess? agent, CancellationToken ct)
    {
        var asked = Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, ct);
        var serverEnds = Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, app.Lifetime.ApplicationStopping);
        var agentEnds = agent?.Ended ?? Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, ct);
        var first = await Task.WhenAny(asked, serverEnds, postgres.Ended, agentEnds);
        if (first == asked || ct.IsCancellationRequested)
            return 0;

        await Console.Error.WriteLineAsync(first == agentEnds ? "attune-server dev: the agent ended; stopping."
            : first == serverEnds ? "attune-server dev: the server failed; stopping."
            : "attune-server dev: PostgreSQL ended; stopping.");
        return 1;
    }

    static void Announce(string address, string http, string cliConfiguration, DevDirectory directory, bool hasAgent)
        => Console.WriteLine($"""

            Attune is ready on {address}
              webhooks come to    {http}/webhooks/
              login written to    {cliConfiguration} (profile dev)
              admin's password in {directory.AdminLogin}
              {(hasAgent ? "try                 attune run core.echo message=hello --follow" : "try                 attune action list")}
            Ctrl-C stops everything; the data stays in {directory.Path}

            """);

    static IConfiguration SettingsFor(string address, string http, DevDirectory directory, PrivatePostgres postgres)
        => new ConfigurationBuilder()
            .AddConfiguration(Configuration.ReadEnvironment())
            .AddInMemoryCollection(new Dictionary<string, string?>
            {
                ["Storage:ConnectionString"] = postgres.ConnectionString,
                ["Server:Listen:0"] = address,
                ["Http:Listen:0"] = http,
                ["Server:StateDirectory"] = directory.Path,
                ["Security:MasterKeyFile"] = directory.MasterKey,
            })
            .Build();

    // The host would stop at the first signal, before the agent could say goodbye.
    static void TakeSignalsOurselves(WebApplicationBuilder builder) => builder.Services.AddSingleton<IHostLifetime, NoLifetime>();

    sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
