using System.CommandLine;
using System.CommandLine.Completions;

namespace Attune.Cli.Completion;

/// <summary>What may follow a half-typed line: candidates with what they mean, and what the shell is to do besides.</summary>
sealed record Proposal(IReadOnlyList<(string Text, string Meaning)> Candidates, string Directive = "")
{
    /// <summary>The shell completes paths itself.</summary>
    public const string File = ":file";
    public const string Directory = ":directory";

    /// <summary>The word goes on: no space after it.</summary>
    public const string NoSpace = ":nospace";
}

static class Completer
{
    static readonly string[] optionsWithFile = ["--params", "--ca-file", "--file", "--secret-file"];

    public static async Task<Proposal> ProposeAsync(Cursor at, Func<Suggest, IReadOnlyList<string>, Task<IEnumerable<string>>> ask)
    {
        if (at.Awaiting is { } option)
            return ValuesOf(option, at.Word, "");
        if (!at.OptionsEnded && at.Word.StartsWith('-') && at.Word.IndexOf('=') is > 0 and var equals)
        {
            return at.Named(at.Word[..equals]) is { } named
                ? ValuesOf(named, at.Word[(equals + 1)..], at.Word[..(equals + 1)])
                : new([]);
        }

        if (!at.OptionsEnded && at.Word.StartsWith('-'))
            return Starting(at.Word, at.Options.Select(each => (each.Name, each.Description ?? "")));

        var subcommands = at.Arguments.Count is 0
            ? at.Command.Subcommands.Where(each => !each.Hidden).Select(each => (each.Name, each.Description ?? ""))
            : [];
        return await ArgumentAsync(at, Starting(at.Word, subcommands), ask);
    }

    static async Task<Proposal> ArgumentAsync(
        Cursor at, Proposal commands, Func<Suggest, IReadOnlyList<string>, Task<IEnumerable<string>>> ask)
    {
        if (at.Argument is not { } argument)
            return commands;
        if (argument.ValueType == typeof(DirectoryInfo))
            return commands with { Directive = Proposal.Directory };

        var suggest = argument switch
        {
            Suggested<string> one => one.Suggest,
            Suggested<string[]> many => many.Suggest,
            _ => null,
        };
        if (suggest is null)
            return Starting(at.Word, argument.GetCompletions(CompletionContext.Empty).Select(each => (each.Label, each.Detail ?? "")));

        // `key=@` is a file.
        if (at.Word.Contains("=@", StringComparison.Ordinal))
            return new([], Proposal.File);

        var words = await ask(suggest, at.Arguments);
        return Starting(at.Word, words.Select(word => (word, "")));
    }

    static Proposal ValuesOf(Option option, string typed, string prefix)
    {
        if (optionsWithFile.Contains(option.Name))
            return new([], Proposal.File);

        var values = option.GetCompletions(CompletionContext.Empty).Select(each => (prefix + each.Label, each.Detail ?? ""));
        return Starting(prefix + typed, values);
    }

    static Proposal Starting(string typed, IEnumerable<(string Text, string Meaning)> all)
    {
        var candidates = all.Where(each => each.Text.StartsWith(typed, StringComparison.Ordinal)).Distinct().ToList();
        return new(candidates, candidates.Exists(each => each.Text.EndsWith('=')) ? Proposal.NoSpace : "");
    }
}
