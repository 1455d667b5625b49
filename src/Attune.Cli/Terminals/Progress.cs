using Spectre.Console;

namespace Attune.Cli.Terminals;

/// <summary>Shows that something long is under way, on a terminal only.</summary>
sealed class Progress(Terminal terminal, bool quiet)
{
    public async Task<T> SpinAsync<T>(string what, Func<Action<string>, Task<T>> work)
    {
        if (quiet || !terminal.ErrorIsTerminal)
            return await work(_ => { });

        var console = AnsiConsole.Create(new()
        {
            Out = new AnsiConsoleOutput(terminal.Error),
            ColorSystem = terminal.ColourError ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
        });
        return await console.Status()
            .Spinner(Spinner.Known.Dots)
            .StartAsync(Markup.Escape(what), status => work(text => status.Status = Markup.Escape(text)));
    }
}
