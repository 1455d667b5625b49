namespace Attune.Engine.Expressions.Functions;

/// <summary>Kinds of values as bits of <see cref="ValueKind"/>.</summary>
[Flags]
enum Kinds
{
    Null = 1 << ValueKind.Null,
    Bool = 1 << ValueKind.Bool,
    Int = 1 << ValueKind.Int,
    Double = 1 << ValueKind.Double,
    Text = 1 << ValueKind.String,
    List = 1 << ValueKind.List,
    Map = 1 << ValueKind.Map,
    Number = Int | Double,
    Any = Null | Bool | Number | Text | List | Map,
}

/// <summary>What a function takes at one place.</summary>
sealed record Parameter(string Name, Kinds Kinds)
{
    public bool IsOptional { get; init; }

    /// <summary>Any number of arguments: the last parameter only.</summary>
    public bool IsRest { get; init; }

    /// <summary>Also `item => …`.</summary>
    public bool TakesLambda { get; init; }

    /// <summary>A regular expression: compiled with the expression where it is literal.</summary>
    public bool IsPattern { get; init; }

    public string Shown => IsRest ? $"{Name}, …" : IsOptional ? $"{Name}?" : Name;

    public string KindsText { get; } = TextOf(Kinds);

    public static Parameter Any(string name) => new(name, Kinds.Any);

    public static Parameter Text(string name) => new(name, Kinds.Text);

    public static Parameter Int(string name) => new(name, Kinds.Int);

    public static Parameter Number(string name) => new(name, Kinds.Number);

    public static Parameter List(string name) => new(name, Kinds.List);

    public static Parameter Map(string name) => new(name, Kinds.Map);

    /// <summary>The name of a member, or a lambda.</summary>
    public static Parameter Pick(string name) => new(name, Kinds.Text) { TakesLambda = true };

    public static Parameter Pattern() => new("pattern", Kinds.Text) { IsPattern = true };

    public Parameter Optional() => this with { IsOptional = true };

    public bool Takes(ValueKind kind) => ((int)Kinds & (1 << (int)kind)) != 0;

    static string TextOf(Kinds kinds)
    {
        var left = kinds;
        var names = new List<string>();
        if (left.HasFlag(Kinds.Number))
        {
            names.Add("a number");
            left &= ~Kinds.Number;
        }

        names.AddRange(Enum.GetValues<ValueKind>().Where(kind => ((int)left & (1 << (int)kind)) != 0).Select(KindNames.Of));
        return names.Count == 1 ? names[0] : $"{string.Join(", ", names[..^1])} or {names[^1]}";
    }
}
