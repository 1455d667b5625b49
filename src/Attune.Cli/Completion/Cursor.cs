using System.CommandLine;

namespace Attune.Cli.Completion;

/// <summary>Where in the tree of commands a half-typed line stands.</summary>
/// <param name="Awaiting">The option whose value comes next; null elsewhere.</param>
/// <param name="Arguments">What stands where arguments do.</param>
/// <param name="Word">As typed so far.</param>
sealed record Cursor(Command Command, Option? Awaiting, IReadOnlyList<string> Arguments, bool OptionsEnded, string Word)
{
    /// <summary>The argument that <see cref="Word"/> would be; null when the command takes no more.</summary>
    public Argument? Argument
        => Command.Arguments.ElementAtOrDefault(Arguments.Count)
            ?? (Command.Arguments.LastOrDefault() is { Arity.MaximumNumberOfValues: > 1 } many ? many : null);

    public IEnumerable<Option> Options
        => Ancestors(Command).SelectMany(each => each.Options.Where(option => each == Command || option.Recursive))
            .Where(option => !option.Hidden);

    /// <param name="words">Without the program's name; the last is the one to complete, and may be empty.</param>
    public static Cursor Locate(Command root, IReadOnlyList<string> words)
    {
        var at = new Cursor(root, null, [], OptionsEnded: false, words is [.., var last] ? last : "");
        foreach (var word in words.SkipLast(1))
            at = at.After(word);
        return at;
    }

    public Option? Named(string name) => Options.FirstOrDefault(option => option.Name == name || option.Aliases.Contains(name));

    Cursor After(string word)
    {
        if (Awaiting is not null)
            return this with { Awaiting = null };
        if (!OptionsEnded && word is "--")
            return this with { OptionsEnded = true };
        if (!OptionsEnded && word.StartsWith('-'))
            return this with { Awaiting = Named(word) is { Arity.MaximumNumberOfValues: > 0 } option && option.ValueType != typeof(bool) ? option : null };
        if (Arguments.Count is 0 && Command.Subcommands.FirstOrDefault(each => each.Name == word) is { } subcommand)
            return this with { Command = subcommand };

        return this with { Arguments = [.. Arguments, word] };
    }

    static IEnumerable<Command> Ancestors(Command command)
    {
        for (var each = command; each is not null; each = each.Parents.OfType<Command>().FirstOrDefault())
            yield return each;
    }
}
