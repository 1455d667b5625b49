using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace Attune.Server.Storage;

public sealed class StorageOptions
{
    public const string Section = "Storage";

    /// <summary>
    /// As Npgsql reads it; several hosts, separated by commas, are a replicated database of which the primary is used.
    /// What it says about the pool, prepared statements, the search path or the application's name wins over our defaults.
    /// </summary>
    [Required]
    public string ConnectionString { get; set; } = "";

    /// <summary>Connections that one replica opens at most.</summary>
    [Range(2, 1000)]
    public int PoolSizeMax { get; set; } = 20;

    /// <summary>For the private database of `dev`: where `postgres` and `initdb` are; null looks in the usual places.</summary>
    public string? PostgresDirectory { get; set; }
}

[OptionsValidator]
sealed partial class StorageOptionsValidator : IValidateOptions<StorageOptions>;
