namespace Attune.Cli.Terminals;

/// <summary>The three streams, and what may be done with them.</summary>
sealed class Terminal
{
    const int WidthWithoutTerminal = 100;

    Terminal(bool colourAllowed)
    {
        OutIsTerminal = !Console.IsOutputRedirected;
        ErrorIsTerminal = !Console.IsErrorRedirected;
        InIsTerminal = !Console.IsInputRedirected;
        ColourOut = colourAllowed && OutIsTerminal;
        ColourError = colourAllowed && ErrorIsTerminal;
    }

    public bool OutIsTerminal { get; }
    public bool ErrorIsTerminal { get; }
    public bool InIsTerminal { get; }
    public bool ColourOut { get; }
    public bool ColourError { get; }
    public TextWriter Out { get; } = Console.Out;
    public TextWriter Error { get; } = Console.Error;

    public static int Width
    {
        get
        {
            try
            {
                return Math.Max(Console.WindowWidth, 40);
            }
            catch (IOException)
            {
                return WidthWithoutTerminal;
            }
        }
    }

    /// <summary>Lines that fit on it; where it does not say, any number.</summary>
    public static int Height
    {
        get
        {
            try
            {
                return Console.WindowHeight > 0 ? Console.WindowHeight : int.MaxValue;
            }
            catch (IOException)
            {
                return int.MaxValue;
            }
        }
    }

    // https://no-color.org: any value that is not empty.
    public static Terminal Open(bool noColour, Func<string, string?> environment)
        => new(!noColour && string.IsNullOrEmpty(environment("NO_COLOR")) && environment("TERM") is not "dumb");
}
