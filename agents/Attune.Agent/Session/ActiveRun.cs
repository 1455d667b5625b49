using Attune.Agent.Running;
using Attune.Agent.Session.Spool;
using Attune.V1;

namespace Attune.Agent.Session;

/// <summary>A run that holds a slot of this process.</summary>
sealed class ActiveRun(HeldRun held, ActionSpec spec, WorkItem item)
{
    /// <summary>Between SIGTERM and SIGKILL, where nobody says otherwise.</summary>
    public static readonly TimeSpan DefaultGrace = TimeSpan.FromSeconds(10);

    public HeldRun Held => held;

    public ActionSpec Spec => spec;

    public WorkItem Item => item;

    public RunControl Control { get; } = new();

    /// <summary>Never fails.</summary>
    public Task Completion { get; set; } = Task.CompletedTask;

    /// <summary>Why it is being stopped; null while it is not.</summary>
    public string? CancelReason { get; private set; }

    public void Cancel(string reason, TimeSpan grace)
    {
        CancelReason ??= reason;
        Control.Cancel(reason, grace);
    }
}
