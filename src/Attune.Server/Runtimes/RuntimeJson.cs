using System.Text.Json;
using Attune.V1;

namespace Attune.Server.Runtimes;

/// <summary>What a runtime's file says, from the database's JSON to what agents are told. The file was checked when it was installed.</summary>
static class RuntimeJson
{
    /// <param name="reference">The runtime's ref.</param>
    /// <param name="distributions">{verification: {commands: [{binary, args, exit_code, pattern, priority}], always_available}}.</param>
    public static RuntimeProbe ToProbe(string reference, string distributions)
    {
        using var document = JsonDocument.Parse(distributions);
        var probe = new RuntimeProbe { RuntimeRef = reference };
        if (!document.RootElement.TryGetProperty("verification", out var verification))
            return probe;

        probe.AlwaysAvailable = verification.TryGetProperty("always_available", out var always) && always.ValueKind is JsonValueKind.True;
        if (verification.TryGetProperty("commands", out var commands))
            probe.Commands.Add(commands.EnumerateArray().Select(ToCommand).OrderBy(command => command.Priority));
        return probe;
    }

    /// <param name="executionConfig">{interpreter, environment, dependencies, env_vars}; null for none.</param>
    public static RuntimeSpec ToSpec(string? executionConfig)
    {
        var spec = new RuntimeSpec();
        if (executionConfig is null)
            return spec;

        using var document = JsonDocument.Parse(executionConfig);
        var config = document.RootElement;
        if (config.TryGetProperty("interpreter", out var interpreter))
        {
            spec.InterpreterBinary = Text(interpreter, "binary");
            spec.InterpreterArgs.Add(Texts(interpreter, "args"));
        }

        if (config.TryGetProperty("environment", out var environment))
        {
            spec.EnvironmentType = Text(environment, "type");
            spec.EnvironmentCreate.Add(Texts(environment, "create"));
            spec.EnvironmentInterpreter = Text(environment, "interpreter");
        }

        if (config.TryGetProperty("dependencies", out var dependencies))
        {
            spec.DependenciesManifest = Text(dependencies, "manifest");
            spec.DependenciesInstall.Add(Texts(dependencies, "install"));
        }

        if (config.TryGetProperty("env_vars", out var variables))
            spec.EnvVars.Add(variables.EnumerateObject().Select(ToVariable));
        return spec;
    }

    static RuntimeProbeCommand ToCommand(JsonElement command) => new()
    {
        Binary = Text(command, "binary"),
        Args = { Texts(command, "args") },
        ExitCode = Number(command, "exit_code"),
        Pattern = Text(command, "pattern"),
        Priority = Number(command, "priority"),
    };

    static RuntimeEnvVar ToVariable(JsonProperty variable) => variable.Value.ValueKind is JsonValueKind.Object
        ? new()
        {
            Name = variable.Name,
            Value = Text(variable.Value, "value"),
            Operation = Text(variable.Value, "operation") is { Length: > 0 } operation ? operation : "set",
        }
        : new() { Name = variable.Name, Value = variable.Value.GetString() ?? "", Operation = "set" };

    static string Text(JsonElement json, string name)
        => json.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.String ? value.GetString()! : "";

    static int Number(JsonElement json, string name)
        => json.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.Number ? value.GetInt32() : 0;

    static IEnumerable<string> Texts(JsonElement json, string name)
        => json.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.Array
            ? value.EnumerateArray().Select(each => each.GetString() ?? "")
            : [];
}
