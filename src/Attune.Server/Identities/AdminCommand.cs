using Attune.Server.Hosting;

namespace Attune.Server.Identities;

/// <summary>`attune-server create-admin`: lets the first person in, from the host itself.</summary>
static class AdminCommand
{
    /// <summary>Needs what `run` needs, but not that it runs. The password comes from standard input, never from an argument.</summary>
    public static async Task<int> RunAsync(string login, string? configurationFile)
    {
        await using var app = Program.Build(Configuration.Read(configurationFile));
        if (!Console.IsInputRedirected)
            await Console.Error.WriteAsync($"Password for {login}: ");

        var password = await Console.In.ReadLineAsync(CancellationToken.None) ?? "";
        var created = await app.Services.GetRequiredService<FirstAdmin>().CreateAsync(login, password, CancellationToken.None);
        if (!created.IsOk(out var identity, out var failure))
            throw new OperatorException($"create-admin: {failure.Message}");

        Console.WriteLine($"'{identity.Login}' may do everything now. Log in with: attune login");
        return 0;
    }
}
