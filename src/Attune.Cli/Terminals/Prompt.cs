using System.Text;

namespace Attune.Cli.Terminals;

/// <summary>Asks on stderr, so that stdout stays what the command answers.</summary>
sealed class Prompt(Terminal terminal)
{
    public string Line(string question)
    {
        terminal.Error.Write($"{question}: ");
        return Console.In.ReadLine() ?? throw new CommandFailure($"{question}: nothing was entered.");
    }

    /// <summary>Nothing of what is typed appears, not even its length.</summary>
    public string Secret(string question)
    {
        terminal.Error.Write($"{question}: ");
        var typed = new StringBuilder();
        var before = Console.TreatControlCAsInput;
        // Otherwise Ctrl-C would only be noticed after the next key.
        Console.TreatControlCAsInput = true;
        try
        {
            while (true)
            {
                var key = Console.ReadKey(intercept: true);
                switch (key)
                {
                    case { Key: ConsoleKey.Enter }:
                        return typed.ToString();
                    case { Key: ConsoleKey.C or ConsoleKey.D, Modifiers: ConsoleModifiers.Control }:
                        throw new OperationCanceledException();
                    case { Key: ConsoleKey.U, Modifiers: ConsoleModifiers.Control }:
                        typed.Clear();
                        break;
                    case { Key: ConsoleKey.Backspace } when typed.Length > 0:
                        typed.Length--;
                        break;
                    case { KeyChar: >= ' ' and not '\x7f' }:
                        typed.Append(key.KeyChar);
                        break;
                }
            }
        }
        finally
        {
            Console.TreatControlCAsInput = before;
            terminal.Error.WriteLine();
        }
    }

    /// <summary>Asks before something that cannot be undone; without a terminal only <paramref name="yes"/> will do.</summary>
    public void Confirm(string question, bool yes)
    {
        if (yes)
            return;
        if (!terminal.InIsTerminal)
            throw new CommandFailure($"{question} There is nobody to ask here.", "Add --yes if it is meant.");

        terminal.Error.Write($"{question} [y/N] ");
        if (Console.In.ReadLine()?.Trim().ToLowerInvariant() is not ("y" or "yes"))
            throw new CommandFailure("Nothing was changed.");
    }

    /// <summary>A new password, entered twice; or the next line of stdin.</summary>
    public string NewPassword(string question, bool fromStdin)
    {
        if (fromStdin)
            return StdinLine(question);

        RequireTerminal(question);
        var first = Secret(question);
        return Secret($"{question} again") == first
            ? first
            : throw new CommandFailure("The two are not the same; nothing was changed.");
    }

    public string Password(string question, bool fromStdin)
    {
        if (fromStdin)
            return StdinLine(question);

        RequireTerminal(question);
        return Secret(question);
    }

    static string StdinLine(string question)
        => Console.In.ReadLine() is { Length: > 0 } line
            ? line
            : throw new CommandFailure($"{question}: stdin is empty.", "--password-stdin reads one line per password.");

    void RequireTerminal(string question)
    {
        if (!terminal.InIsTerminal)
            throw new CommandFailure($"{question}: there is no terminal to ask on.", "Pipe it in and add --password-stdin.");
    }
}
