using System.Text.RegularExpressions;

namespace Attune.Packs.Files;

/// <summary>`runtimes/*.yaml`: what programs run on, how it is found on a host, and how an environment for it is made.</summary>
public sealed partial record RuntimeFile
{
    static readonly TimeSpan PatternTimeout = TimeSpan.FromSeconds(1);

    public required string File { get; init; }
    public required string Ref { get; init; }
    public required string Name { get; init; }
    public required string Description { get; init; }
    public required IReadOnlyList<string> Aliases { get; init; }

    /// <summary>JSON: {verification: {commands: [{binary, args, exit_code, pattern, priority}], always_available}}.</summary>
    public required string Distributions { get; init; }

    /// <summary>JSON: {interpreter, environment, dependencies, env_vars}.</summary>
    public required string ExecutionConfig { get; init; }

    internal static RuntimeFile Read(FieldReader fields, PackLayout layout)
    {
        var reference = layout.OwnRef(fields);
        if (fields.Map("distributions") is { } distributions)
            CheckDistributions(distributions);
        else if (!fields.Has("distributions"))
            fields.Missing("distributions");
        if (fields.Map("execution_config") is { } config)
            CheckExecution(config);

        var runtime = new RuntimeFile
        {
            File = fields.File,
            Ref = reference,
            Name = fields.Required("name"),
            Description = fields.Text("description") ?? "",
            Aliases = fields.Texts("aliases", text => Alias().IsMatch(text) ? null : "must be lower case letters, digits, `.`, `_` and `-`."),
            Distributions = fields.Json("distributions") ?? "{}",
            ExecutionConfig = fields.Json("execution_config") ?? "{}",
        };
        fields.Done();
        return runtime;
    }

    static void CheckDistributions(FieldReader distributions)
    {
        if (distributions.Map("verification") is { } verification)
        {
            var always = verification.Flag("always_available", false);
            var commands = 0;
            foreach (var command in verification.Maps("commands"))
            {
                commands++;
                command.Required("binary");
                command.Texts("args");
                command.Whole("exit_code", 0, 255);
                command.Whole("priority", 0, 1000);
                if (command.Text("pattern") is { } pattern && Mistake(pattern) is { } mistake)
                    command.Report("pattern", mistake);
                command.Done();
            }

            if (!always && commands == 0)
                verification.Report("commands", "must say how to find the runtime, or `always_available` must be true.");
            verification.Done();
        }
        else if (!distributions.Has("verification"))
        {
            distributions.Missing("verification");
        }

        distributions.Done();
    }

    static void CheckExecution(FieldReader config)
    {
        if (config.Map("interpreter") is { } interpreter)
        {
            interpreter.Required("binary");
            interpreter.Texts("args");
            interpreter.Text("file_extension");
            interpreter.Done();
        }

        if (config.Map("environment") is { } environment)
        {
            environment.Required("type");
            environment.Texts("create");
            environment.Text("interpreter");
            environment.Done();
        }

        if (config.Map("dependencies") is { } dependencies)
        {
            dependencies.Required("manifest");
            if (dependencies.Texts("install").Count == 0)
                dependencies.Report("install", "must be a command: a list of texts.");
            dependencies.Done();
        }

        if (config.Map("env_vars") is { } variables)
            CheckVariables(variables);
        config.Done();
    }

    static void CheckVariables(FieldReader variables)
    {
        foreach (var name in variables.Names)
        {
            if (!Variable().IsMatch(name) || name.StartsWith("ATTUNE_", StringComparison.Ordinal))
                variables.Report(name, "is no name for it: use letters, digits and `_`, not beginning with ATTUNE_.");
            if (variables.IsMap(name) && variables.Map(name) is { } variable)
            {
                variable.Required("value");
                variable.Choice("operation", "set", "set", "prepend", "append");
                variable.Done();
            }
            else
            {
                variables.Text(name);
            }
        }
    }

    static string? Mistake(string pattern)
    {
        try
        {
            _ = new Regex(pattern, RegexOptions.CultureInvariant, PatternTimeout);
            return null;
        }
        catch (ArgumentException exception)
        {
            return $"is no regular expression: {exception.Message}";
        }
    }

    [GeneratedRegex(@"^[a-z][a-z0-9._-]*\z", RegexOptions.CultureInvariant)]
    private static partial Regex Alias();

    [GeneratedRegex(@"^[A-Za-z_][A-Za-z0-9_]*\z", RegexOptions.CultureInvariant)]
    private static partial Regex Variable();
}
