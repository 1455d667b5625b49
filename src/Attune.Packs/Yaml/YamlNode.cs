namespace Attune.Packs.Yaml;

/// <summary>A value in a YAML file, with the line it begins on. <paramref name="Size"/> counts the nodes it stands for, aliases unfolded.</summary>
abstract record YamlNode(int Line, long Size);

/// <summary>A plain scalar may be null, a boolean or a number; a quoted one is a string.</summary>
sealed record YamlScalar(int Line, string Text, bool IsPlain) : YamlNode(Line, 1);

sealed record YamlList(int Line, IReadOnlyList<YamlNode> Items, long Size) : YamlNode(Line, Size);

sealed record YamlMap(int Line, IReadOnlyList<YamlEntry> Entries, long Size) : YamlNode(Line, Size)
{
    public YamlEntry? Find(string key) => Entries.FirstOrDefault(entry => entry.Key == key);
}

sealed record YamlEntry(string Key, int Line, YamlNode Value);
