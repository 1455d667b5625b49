using System.Text.RegularExpressions;
using Attune.Server.Hosting;
using Attune.Server.Identities;
using Attune.Server.Keys;
using Attune.Server.Workers.Joining;
using Npgsql;

namespace Attune.Server.Dev;

/// <summary>What `dev` sets up inside a running server: the admin, the CLI's login, the local agent.</summary>
sealed partial class DevInstallation(IServiceProvider services, DevDirectory directory, string address)
{
    const string AdminLogin = "admin";
    const string TokenName = "attune-server dev";

    static readonly TimeSpan TokenLifetime = TimeSpan.FromDays(365);
    static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(60);
    static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(50);

    /// <returns>The CLI's configuration file.</returns>
    public async Task<string> EnsureLoginAsync(CancellationToken ct)
    {
        var admin = await EnsureAdminAsync(ct);
        var path = CliLogin.DefaultPath;
        if (CliLogin.ReadToken(path, address) is not { } known || !await IsGoodAsync(known, ct))
        {
            var created = await services.GetRequiredService<ApiTokens>().CreateAsync(TokenName, TokenLifetime, admin, ct);
            CliLogin.Write(path, address, admin.Login, created.OrThrowRpc().Text);
        }

        return path;
    }

    public async Task<AgentProcess> StartAgentAsync(string binary, TimeProvider clock, CancellationToken ct)
    {
        var token = await services.GetRequiredService<JoinTokens>().CreateAsync(
            new(JoinRole.Hybrid, new Dictionary<string, string>(), null), await EnsureAdminAsync(ct), ct);
        PrivateFile.Write(directory.JoinToken, token.OrThrowRpc().Text + "\n");

        var name = AgentName();
        var startedAt = clock.GetUtcNow();
        var agent = AgentProcess.Start(binary, address, name, directory, clock);
        try
        {
            await WaitUntilConnectedAsync(agent, name, startedAt, clock, ct);
            return agent;
        }
        catch
        {
            await agent.DisposeAsync();
            throw;
        }
        finally
        {
            File.Delete(directory.JoinToken);
        }
    }

    async Task<Caller> EnsureAdminAsync(CancellationToken ct)
    {
        var identities = services.GetRequiredService<IdentityStore>();
        var password = directory.ReadOrMakePassword(AdminLogin);
        var admin = await identities.FindAsync(AdminLogin, ct)
            ?? (await services.GetRequiredService<FirstAdmin>().CreateAsync(AdminLogin, password, ct)).OrThrowRpc();
        return (await services.GetRequiredService<CallerStore>().FindByIdentityAsync(admin.Id, ct))!.Caller;
    }

    async Task<bool> IsGoodAsync(string token, CancellationToken ct)
        => (await services.GetRequiredService<CallerCache>().LoadAsync(token, ct)).IsOk(out _, out _);

    // A server that was killed leaves its agents marked as connected, so the mark must be a new one.
    const string IsConnected = "select exists (select from worker where name = $1 and connected and updated >= $2)";

    async Task WaitUntilConnectedAsync(
        AgentProcess agent, string name, DateTimeOffset startedAt, TimeProvider clock, CancellationToken ct)
    {
        var db = services.GetRequiredService<NpgsqlDataSource>();
        using var timeout = new CancellationTokenSource(ConnectTimeout, clock);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(ct, timeout.Token);
        try
        {
            while (true)
            {
                await using var command = db.CreateCommand(IsConnected);
                command.Parameters.Add(new() { Value = name });
                command.Parameters.Add(new() { Value = startedAt.UtcDateTime });
                if (await command.ExecuteScalarAsync(patience.Token) is true)
                    return;
                if (agent.Ended.IsCompleted)
                    throw new OperatorException($"The agent ended before it connected:\n{agent.LastLines}");
                await Task.Delay(PollInterval, clock, patience.Token);
            }
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            throw new OperatorException($"The agent did not connect within {ConnectTimeout.TotalSeconds} s:\n{agent.LastLines}");
        }
    }

    static string AgentName()
    {
        var host = NotInNames().Replace(Environment.MachineName.ToLowerInvariant(), "-").Trim('-', '.', '_');
        return host is "" ? "local" : host[..Math.Min(host.Length, 63)];
    }

    [GeneratedRegex("[^a-z0-9._-]")]
    private static partial Regex NotInNames();
}
