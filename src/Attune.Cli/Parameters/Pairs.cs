namespace Attune.Cli.Parameters;

/// <summary>`k=v` given any number of times.</summary>
static class Pairs
{
    public static IEnumerable<KeyValuePair<string, string>> Parse(string[]? given, string option)
    {
        foreach (var pair in given ?? [])
        {
            var equals = pair.IndexOf('=');
            if (equals <= 0)
                throw new CommandFailure($"{option}: '{pair}' is not of the form key=value.");
            yield return new(pair[..equals], pair[(equals + 1)..]);
        }
    }

    public static void AddPairs(this IDictionary<string, string> target, string[]? given, string option)
    {
        foreach (var (key, value) in Parse(given, option))
            target[key] = value;
    }
}
