namespace Attune.Server.Storage;

/// <summary>What `migrate` was asked to do.</summary>
sealed record MigrateArguments(string Command)
{
    public string? Name { get; private init; }
    public long? ToVersion { get; private init; }
    public string? Directory { get; private init; }
    string? Database { get; init; }
    string? Config { get; init; }

    /// <summary>Null when it is not understood.</summary>
    public static MigrateArguments? Parse(ReadOnlySpan<string> args) => args switch
    {
        ["run" or "info" or "revert", .. var options] => new MigrateArguments(args[0]).With(options),
        ["new", var name, .. var options] when !name.StartsWith('-') => new MigrateArguments("new") { Name = name }.With(options),
        _ => null,
    };

    MigrateArguments? With(ReadOnlySpan<string> options) => options switch
    {
        [] => this,
        ["--to", var version, .. var rest] when Command == "revert" && long.TryParse(version, out var number) && number >= 0
            => (this with { ToVersion = number }).With(rest),
        ["--dir", var directory, .. var rest] => (this with { Directory = directory }).With(rest),
        ["--database", var database, .. var rest] => (this with { Database = database }).With(rest),
        ["--config", var config, .. var rest] => (this with { Config = config }).With(rest),
        _ => null,
    };

    /// <summary>Migrating is often done by another role than the server's, so it may be given apart from the configuration.</summary>
    public string ConnectionString()
    {
        var configuration = new ConfigurationBuilder();
        if (Config is not null)
            configuration.AddJsonFile(Path.GetFullPath(Config), optional: false);

        var settings = configuration.AddEnvironmentVariables("ATTUNE_").Build();
        return Database ?? settings["DATABASE"] ?? settings[$"{StorageOptions.Section}:ConnectionString"]
            ?? throw new StorageException("Which database? Give --database, ATTUNE_DATABASE, or --config with Storage:ConnectionString.");
    }
}
