using System.Runtime.InteropServices;
using Attune.Server.Hosting.Health;
using Attune.Server.Identities;
using Microsoft.Extensions.Options;

namespace Attune.Server.Hosting;

static class CommandLine
{
    const string Usage = """
        attune-server: the control plane of Attune

          attune-server [run] [--config FILE]   serve; settings from FILE (or ATTUNE_CONFIG), then ATTUNE_Section__Key variables
          attune-server dev                     a whole installation on this machine; `dev --help` says more
          attune-server migrate COMMAND         apply, list or undo migrations; `migrate` alone says more
          attune-server create-admin LOGIN      an identity that may do everything; its password is read from standard input
                        [--config FILE]
          attune-server health [URL]            ask a server whether it serves (default: http://127.0.0.1:7700); 0 yes, 1 no
          attune-server version
        """;

    public static async Task<int> RunAsync(string[] args)
    {
        try
        {
            return args switch
            {
                [] or ["run"] => await ServeAsync(file: null),
                ["run", "--config", var file] => await ServeAsync(file),
                ["--config", var file] => await ServeAsync(file),
                ["dev", .. var rest] => await Dev.DevCommand.RunAsync(rest),
                ["migrate", .. var rest] => await MigrateAsync(rest),
                ["create-admin", var login] => await AdminCommand.RunAsync(login, null),
                ["create-admin", var login, "--config", var file] => await AdminCommand.RunAsync(login, file),
                ["health"] => await HealthCommand.RunAsync(ListenAddress.Default),
                ["health", var address] => await HealthCommand.RunAsync(address),
                ["version" or "--version"] => Print($"attune-server {ServerVersion.Number} {ServerVersion.Commit}".TrimEnd()),
                ["help" or "--help" or "-h"] => Print(Usage),
                _ => Refuse(args),
            };
        }
        catch (Exception exception) when (IsForOperators(exception))
        {
            await Console.Error.WriteLineAsync($"attune-server: {exception.Message}");
            return 1;
        }
    }

    /// <summary>Failures whose message says what to do.</summary>
    public static bool IsForOperators(Exception? exception)
        => exception is OperatorException or Storage.StorageException or OptionsValidationException;

    static async Task<int> ServeAsync(string? file)
    {
        await using var app = Program.Build(Configuration.Read(file));
        await app.RunAsync();
        return 0;
    }

    static async Task<int> MigrateAsync(string[] args)
    {
        using var stop = new CancellationTokenSource();
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Cancel);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Cancel);
        return await Storage.MigrateCommand.RunAsync(args, Console.Out, Console.Error, stop.Token);

        void Cancel(PosixSignalContext signal)
        {
            signal.Cancel = true;
            stop.Cancel();
        }
    }

    static int Print(string text)
    {
        Console.WriteLine(text);
        return 0;
    }

    static int Refuse(string[] args)
    {
        Console.Error.WriteLine($"attune-server: '{string.Join(' ', args)}' is no command.\n\n{Usage}");
        return 2;
    }
}
