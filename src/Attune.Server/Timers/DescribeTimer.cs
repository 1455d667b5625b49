using Attune.V1;

namespace Attune.Server.Timers;

/// <summary>When a rule's timer fires next and what it missed.</summary>
sealed class DescribeTimer
{
    /// <summary>Null where the rule's trigger is no timer. A disabled rule has no next fires.</summary>
    public Task<RuleTimer?> RunAsync(long ruleId, CancellationToken ct) => throw new NotImplementedException();
}
