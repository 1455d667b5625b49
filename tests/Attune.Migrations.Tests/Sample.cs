namespace Attune.Migrations.Tests;

/// <summary>A row that a table takes. Columns and values are SQL.</summary>
/// <param name="Table">Its name without the schema.</param>
/// <param name="Columns">Column name to SQL expression; all but the id where that is generated.</param>
sealed record Sample(string Table, IReadOnlyDictionary<string, string> Columns)
{
    /// <summary>The id of every sample; far from what a fresh sequence gives.</summary>
    public const long Id = 1000;

    /// <summary>queue_stats has the id of its action.</summary>
    public string IdColumn => Columns.ContainsKey("action_id") ? "action_id" : "id";

    /// <param name="table">Its name without the schema.</param>
    /// <param name="columns">One `column = expression` per line.</param>
    public static Sample Of(string table, string columns)
        => new(table, columns.Split('\n').Select(line => line.Split(" = ", 2)).ToDictionary(pair => pair[0].Trim(), pair => pair[1].Trim()));

    public Sample With(string column, string expression)
        => this with { Columns = new Dictionary<string, string>(Columns) { [column] = expression } };

    public string Insert(long id = Id)
    {
        var columns = new Dictionary<string, string>(Columns);
        if (IdColumn == "id")
            columns["id"] = $"{id}";

        return $"insert into attune.{Table} ({string.Join(", ", columns.Keys)}) overriding system value values ({string.Join(", ", columns.Values)})";
    }
}
