namespace Attune.Cli.Terminals;

/// <summary>What a piece of text means; a terminal shows it as a colour.</summary>
enum Tone
{
    Plain,
    Good,
    Bad,
    Busy,
    Dim,
    Strong,
}

static class Tones
{
    public static string Paint(this Tone tone, string text, bool colour)
        => colour && tone is not Tone.Plain ? $"\e[{Code(tone)}m{text}\e[0m" : text;

    static string Code(Tone tone) => tone switch
    {
        Tone.Good => "32",
        Tone.Bad => "31",
        Tone.Busy => "33",
        Tone.Dim => "2",
        _ => "1",
    };
}
