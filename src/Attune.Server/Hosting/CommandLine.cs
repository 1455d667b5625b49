using System.Runtime.InteropServices;
using Microsoft.Extensions.Options;

namespace Attune.Server.Hosting;

static class CommandLine
{
    const string Usage = """
        attune-server: the control plane of Attune

          attune-server [run] [--config FILE]   serve; settings from FILE (or ATTUNE_CONFIG), then ATTUNE_Section__Key variables
          attune-server dev                     a whole installation on this machine; `dev --help` says more
          attune-server migrate COMMAND         apply, list or undo migrations; `migrate` alone says more
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
