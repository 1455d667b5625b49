using Attune.Cli.Parameters;
using Grpc.Core;

namespace Attune.Cli.Commands;

/// <summary>The parameters on the command line, typed by the action's schema.</summary>
sealed record GivenParameters(ParameterSet Set)
{
    public static async Task<GivenParameters> ReadAsync(
        Invocation run, string actionRef, string? file, string[] words, CancellationToken ct)
    {
        var set = new ParameterSet(actionRef, await SchemaAsync(run, actionRef, ct), ParameterFile.ReadText);
        if (file is not null)
            set.Lay(ParameterFile.Read(file));
        set.Add(words);
        return new(set);
    }

    /// <summary>Asks for the required secrets that are missing, where there is somebody to ask.</summary>
    public void PromptForSecrets(Invocation run)
    {
        if (!run.Terminal.InIsTerminal)
            return;
        foreach (var name in Set.MissingSecrets().ToList())
            Set.AddSecret(name, run.Prompt.Secret(name));
    }

    // Somebody may be allowed to start an action and not to read it; the server still checks every value.
    static async Task<IReadOnlyDictionary<string, ParameterField>?> SchemaAsync(Invocation run, string actionRef, CancellationToken ct)
    {
        try
        {
            var answer = await run.Client.Actions.GetActionAsync(new() { Ref = actionRef }, cancellationToken: ct);
            return ParameterField.Read(answer.Action.Parameters);
        }
        catch (RpcException denied) when (denied.StatusCode is StatusCode.PermissionDenied)
        {
            return null;
        }
    }
}
