namespace Attune.Packs.Yaml;

/// <summary>Where something begins in a file, both from 1.</summary>
readonly record struct YamlPlace(int Line, int Column);

/// <summary>A value in a YAML file, with the place it begins at. <paramref name="Size"/> counts the nodes it stands for, aliases unfolded.</summary>
abstract record YamlNode(YamlPlace Place, long Size)
{
    public int Line => Place.Line;
}

/// <summary>A plain scalar may be null, a boolean or a number; a quoted one is a string.</summary>
sealed record YamlScalar(YamlPlace Place, string Text, bool IsPlain) : YamlNode(Place, 1);

sealed record YamlList(YamlPlace Place, IReadOnlyList<YamlNode> Items, long Size) : YamlNode(Place, Size);

sealed record YamlMap(YamlPlace Place, IReadOnlyList<YamlEntry> Entries, long Size) : YamlNode(Place, Size)
{
    public YamlEntry? Find(string key) => Entries.FirstOrDefault(entry => entry.Key == key);
}

sealed record YamlEntry(string Key, YamlPlace Place, YamlNode Value)
{
    public int Line => Place.Line;
}
