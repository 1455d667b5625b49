using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace Attune.Server.Feed;

public sealed class FeedOptions
{
    public const string Section = "Feed";

    /// <summary>How long changes are kept, and so how old a cursor may be.</summary>
    [Range(typeof(TimeSpan), "00:01:00", "3650.00:00:00")]
    public TimeSpan Retention { get; set; } = TimeSpan.FromDays(7);
}

[OptionsValidator]
sealed partial class FeedOptionsValidator : IValidateOptions<FeedOptions>;
