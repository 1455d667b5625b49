using Attune.Engine.Versions;

namespace Attune.Engine.Placement;

/// <summary>Who may run what, and why not. The dispatcher decides and `why` explains with this same code.</summary>
public static class Placing
{
    /// <summary>Null when the agent could run it had it a slot free: role, runtime, version and labels fit for as long as it lives.</summary>
    public static Obstacle? Mismatch(PlacementRequirement requirement, Candidate candidate)
    {
        if (!candidate.RunsActions)
            return new("ROLE", $"{candidate.Name} has role sensor and runs no actions", candidate.Name);

        if (!candidate.Runtimes.TryGetValue(requirement.RuntimeRef, out var version))
            return new("RUNTIME_MISSING", $"{candidate.Name} has no runtime {requirement.RuntimeRef}", candidate.Name);

        if (requirement.Range is { } range && !Admits(range, version))
        {
            return new(
                "RUNTIME_VERSION",
                $"{candidate.Name} has {requirement.RuntimeRef} {(version is "" ? "of unknown version" : version)}, "
                + $"and {requirement.RuntimeVersion} is asked for",
                candidate.Name);
        }

        var missing = requirement.Labels
            .Where(label => !candidate.Labels.TryGetValue(label.Key, out var value) || value != label.Value)
            .Select(label => $"{label.Key}={label.Value}")
            .ToArray();
        return missing.Length > 0
            ? new("LABELS", $"{candidate.Name} lacks label {string.Join(", ", missing)}", candidate.Name)
            : null;
    }

    /// <summary>Null when it can take one more now.</summary>
    public static Obstacle? Refusal(PlacementRequirement requirement, Candidate candidate)
    {
        if (Mismatch(requirement, candidate) is { } mismatch)
            return mismatch;
        if (!candidate.Connected)
            return new("DISCONNECTED", $"{candidate.Name} is not connected", candidate.Name);
        if (candidate.Cordoned)
            return new("CORDONED", $"{candidate.Name} is cordoned", candidate.Name);
        if (candidate.Draining)
            return new("DRAINING", $"{candidate.Name} is draining", candidate.Name);
        return candidate.SlotsInUse >= candidate.Slots
            ? new("SLOTS_FULL", $"{candidate.Name} has {candidate.SlotsInUse} of {candidate.Slots} slots in use", candidate.Name)
            : null;
    }

    /// <summary>Says why an execution with this requirement waits, given every known agent.</summary>
    public static Explanation Explain(PlacementRequirement requirement, IReadOnlyList<Candidate> candidates)
    {
        var connected = candidates.Count(candidate => candidate.Connected);
        if (connected == 0)
        {
            var sentence = candidates.Count == 0
                ? "no agent has ever joined"
                : $"none of the {candidates.Count} known agents is connected";
            return new($"Waits: {sentence}.", [new("NO_AGENT_CONNECTED", sentence, null)]);
        }

        var refusals = candidates.Select(candidate => Refusal(requirement, candidate)).ToList();
        if (refusals.Contains(null))
            return new("Waits to be handed to an agent that is free; this takes a moment.", []);

        var reasons = refusals.OfType<Obstacle>().OrderBy(Rank).ThenBy(each => each.WorkerName, StringComparer.Ordinal).ToList();
        return new($"Waits: {Summarize(requirement, reasons, connected)}.", reasons);
    }

    static bool Admits(VersionRange range, string version)
        => SemVersion.TryParseLenient(version, out var parsed) && range.Contains(parsed);

    // The nearer an agent is to taking the work, the more its reason matters to the reader.
    static int Rank(Obstacle obstacle) => obstacle.Code switch
    {
        "SLOTS_FULL" => 0,
        "DRAINING" => 1,
        "CORDONED" => 2,
        "DISCONNECTED" => 3,
        "LABELS" => 4,
        "RUNTIME_VERSION" => 5,
        "RUNTIME_MISSING" => 6,
        _ => 7,
    };

    static string Summarize(PlacementRequirement requirement, List<Obstacle> reasons, int connected)
    {
        var agents = connected == 1 ? "1 agent is connected" : $"{connected} agents are connected";
        var nearest = reasons[0];
        var same = reasons.Count(reason => reason.Code == nearest.Code);
        return nearest.Code switch
        {
            "SLOTS_FULL" => same == 1 ? nearest.Sentence : $"every slot of the {same} agents that fit is in use",
            "DRAINING" or "CORDONED" or "DISCONNECTED" => $"{nearest.Sentence}, and no other agent fits ({agents})",
            "LABELS" => $"no agent with {requirement.RuntimeRef} has label "
                        + $"{string.Join(", ", requirement.Labels.Select(label => $"{label.Key}={label.Value}"))} ({agents})",
            "RUNTIME_VERSION" => $"no agent has {requirement.RuntimeRef} {requirement.RuntimeVersion} ({agents})",
            "RUNTIME_MISSING" => $"no agent has runtime {requirement.RuntimeRef} ({agents})",
            _ => $"no agent runs actions ({agents})",
        };
    }
}
