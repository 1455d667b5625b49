using Attune.V1;

namespace Attune.Agent.Running;

/// <summary>The variables that a process sees: none of the agent's own but these.</summary>
static class RunEnvironment
{
    const string DefaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    const string Reserved = "ATTUNE_";

    // What a package installer needs to get out of a closed network.
    static readonly string[] Network =
    [
        "http_proxy", "https_proxy", "no_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY",
        "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_CONFIG_FILE",
        "PIP_CERT", "PIP_TRUSTED_HOST", "npm_config_registry", "npm_config_cafile", "NPM_CONFIG_REGISTRY", "NPM_CONFIG_USERCONFIG",
    ];

    public static string SearchPath { get; } = Own("PATH") is { Length: > 0 } path ? path : DefaultPath;

    /// <summary>For probes and for building environments.</summary>
    public static Dictionary<string, string> Basic(string temporary) => new(StringComparer.Ordinal)
    {
        ["PATH"] = SearchPath,
        ["HOME"] = Own("HOME") is { Length: > 0 } home ? home : "/",
        ["LANG"] = Own("LANG") is { Length: > 0 } language ? language : "C.UTF-8",
        ["TZ"] = Own("TZ") is { Length: > 0 } zone ? zone : TimeZoneInfo.Local.Id,
        ["TMPDIR"] = temporary,
    };

    public static Dictionary<string, string> ForInstalling(string temporary)
    {
        var variables = Basic(temporary);
        foreach (var name in Network)
        {
            if (Own(name) is { Length: > 0 } value)
            {
                variables[name] = value;
            }
        }

        return variables;
    }

    public static Dictionary<string, string> ForRun(
        ActionSpec spec, WorkItem item, RunFolder folder, string packDirectory, string? environmentDirectory, string? apiUrl)
    {
        var variables = Basic(folder.Temporary);
        variables["ATTUNE_ACTION"] = spec.ActionRef;
        variables["ATTUNE_EXEC_ID"] = item.ExecutionId.ToString(null, null);
        variables["ATTUNE_ATTEMPT"] = item.Attempt.ToString(null, null);
        variables["ATTUNE_FENCE"] = item.Fence;
        variables["ATTUNE_PACK_REF"] = spec.PackRef;
        variables["ATTUNE_ARTIFACTS_DIR"] = folder.Artifacts;
        if (apiUrl is not null)
        {
            variables["ATTUNE_API_URL"] = apiUrl;
        }

        if (item.ApiToken.Length > 0)
        {
            variables["ATTUNE_API_TOKEN"] = item.ApiToken;
        }

        if (spec.ParameterDelivery == ParameterDelivery.File)
        {
            variables["ATTUNE_PARAMETER_FILE"] = folder.ParameterFile;
        }

        foreach (var each in spec.Runtime?.EnvVars ?? [])
        {
            Apply(variables, each, packDirectory, environmentDirectory);
        }

        foreach (var (name, value) in item.EnvVars)
        {
            if (IsAllowed(name))
            {
                variables[name] = value;
            }
        }

        return variables;
    }

    public static Dictionary<string, string> ForSensor(
        SensorAssignment sensor, RunFolder folder, string packDirectory, string? environmentDirectory, string? apiUrl)
    {
        var variables = Basic(folder.Temporary);
        variables["ATTUNE_SENSOR"] = sensor.SensorRef;
        variables["ATTUNE_PACK_REF"] = sensor.PackRef;
        if (apiUrl is not null)
        {
            variables["ATTUNE_API_URL"] = apiUrl;
        }

        foreach (var each in sensor.Runtime?.EnvVars ?? [])
        {
            Apply(variables, each, packDirectory, environmentDirectory);
        }

        return variables;
    }

    static void Apply(Dictionary<string, string> variables, RuntimeEnvVar variable, string packDirectory, string? environmentDirectory)
    {
        // Without an environment a part of a path list that points into it means nothing; the other parts do.
        var parts = variable.Value.Split(':').Where(part => environmentDirectory is not null || !part.Contains("{env_dir}", StringComparison.Ordinal));
        var value = string.Join(':', parts)
            .Replace("{pack_dir}", packDirectory, StringComparison.Ordinal)
            .Replace("{env_dir}", environmentDirectory, StringComparison.Ordinal);
        if (!IsAllowed(variable.Name) || (value.Length == 0 && variable.Value.Length > 0))
        {
            return;
        }

        var existing = variables.GetValueOrDefault(variable.Name) is { Length: > 0 } set ? set : null;
        variables[variable.Name] = (variable.Operation, existing) switch
        {
            ("prepend", { } rest) => $"{value}:{rest}",
            ("append", { } rest) => $"{rest}:{value}",
            _ => value,
        };
    }

    static bool IsAllowed(string name)
        => name.Length > 0 && !name.Contains('=') && !name.StartsWith(Reserved, StringComparison.Ordinal);

    static string? Own(string name) => Environment.GetEnvironmentVariable(name);
}
