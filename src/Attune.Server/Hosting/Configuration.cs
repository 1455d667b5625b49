namespace Attune.Server.Hosting;

/// <summary>Where settings come from: one JSON file, then environment variables `ATTUNE_Section__Key`.</summary>
static class Configuration
{
    public const string FileVariable = "ATTUNE_CONFIG";

    const string Prefix = "ATTUNE_";

    /// <summary>Without a <paramref name="file"/>: what <see cref="FileVariable"/> names, or none.</summary>
    /// <exception cref="OperatorException">The file is missing or malformed, or a key is unknown.</exception>
    public static IConfiguration Read(string? file)
        => ReadFrom(file ?? (Environment.GetEnvironmentVariable(FileVariable) is { Length: > 0 } named ? named : null));

    /// <summary>For `dev`, where the CLI's file may go by the same variable.</summary>
    public static IConfiguration ReadEnvironment() => ReadFrom(null);

    static IConfiguration ReadFrom(string? file)
    {
        var fromFile = ReadFile(file);
        var fromEnvironment = new ConfigurationBuilder().AddEnvironmentVariables(Prefix).Build();

        // Names without a section (ATTUNE_CONFIG, the CLI's ATTUNE_SERVER) are no settings of the server.
        var settings = fromEnvironment.AsEnumerable().Where(pair => pair.Key.Contains(ConfigurationPath.KeyDelimiter));
        var configuration = new ConfigurationBuilder().AddConfiguration(fromFile).AddInMemoryCollection(settings).Build();
        if (Settings.FindUnknown(configuration) is { Count: > 0 } unknown)
            throw new OperatorException($"Configuration: {string.Join(" ", unknown)}");
        return configuration;
    }

    static IConfiguration ReadFile(string? file)
    {
        if (file is null)
            return new ConfigurationBuilder().Build();

        try
        {
            return new ConfigurationBuilder().AddJsonFile(Path.GetFullPath(file), optional: false).Build();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or FormatException or InvalidDataException)
        {
            throw new OperatorException(
                $"The configuration file '{file}' cannot be used: {exception.GetBaseException().Message}", exception);
        }
    }
}
