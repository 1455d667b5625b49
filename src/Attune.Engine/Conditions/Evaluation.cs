using System.Text;
using Attune.Engine.Expressions;

namespace Attune.Engine.Conditions;

/// <summary>One event meeting one rule's conditions. With a text it also collects why they do not match.</summary>
ref struct Evaluation(Value payload, Func<Scope> scope, DateTimeOffset now, Patience? patience)
{
    Scope? made;

    public readonly Value Payload => payload;

    public readonly DateTimeOffset Now => now;

    public Scope Scope => made ??= scope();

    /// <summary>Whether nothing costly may be begun any more, because the event's rules took too long.</summary>
    public readonly bool IsOver => patience?.IsOver() == true;

    public readonly string Over => $"it was not looked at, because the rules of this event took more than {patience?.Max.TotalSeconds} s";

    /// <summary>Patterns that took too long so far.</summary>
    public int SlowPatterns { get; set; }

    /// <summary>Why not, as far as it is known; null where nobody asked.</summary>
    public StringBuilder? Text { get; init; }

    /// <summary>How long the text is.</summary>
    public readonly int Said => Text?.Length ?? 0;

    public readonly void Explain(string words) => Text?.Append(words);

    public readonly void Explain(string condition, string seen) => Text?.Append(condition).Append(": ").Append(seen);

    /// <summary>Takes back what was said since the text had this length.</summary>
    public readonly void Forget(int length)
    {
        if (Text is not null)
            Text.Length = length;
    }
}
