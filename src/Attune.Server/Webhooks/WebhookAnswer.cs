using Attune.Server.Events;
using Attune.Server.Hosting;

namespace Attune.Server.Webhooks;

/// <summary>What a sender is told.</summary>
abstract record WebhookAnswer
{
    public sealed record Accepted(RecordedEvent Event) : WebhookAnswer;

    /// <summary>Slack asks once whether this address is really listening; no event comes of it.</summary>
    public sealed record Challenge(string Text) : WebhookAnswer;

    /// <summary>An expected "no". <paramref name="Reason"/> is API, as those of the rpcs are.</summary>
    public sealed record Refused(int Status, string Reason, string Message) : WebhookAnswer
    {
        public IReadOnlyList<Violation> Violations { get; init; } = [];

        public TimeSpan? RetryAfter { get; init; }
    }
}
