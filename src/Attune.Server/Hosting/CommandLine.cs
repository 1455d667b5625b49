using Microsoft.Extensions.Options;

namespace Attune.Server.Hosting;

static class CommandLine
{
    const string Usage = """
        attune-server: the control plane of Attune

          attune-server [run] [--config FILE]   serve; settings from FILE (or ATTUNE_CONFIG), then ATTUNE_Section__Key variables
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
                ["help" or "--help" or "-h"] => Print(Usage),
                _ => Refuse(args),
            };
        }
        catch (Exception exception) when (exception is OperatorException or Storage.StorageException or OptionsValidationException)
        {
            await Console.Error.WriteLineAsync($"attune-server: {exception.Message}");
            return 1;
        }
    }

    static async Task<int> ServeAsync(string? file)
    {
        await using var app = Program.Build(Configuration.Read(file));
        await app.RunAsync();
        return 0;
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
