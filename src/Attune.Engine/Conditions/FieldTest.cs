using System.Globalization;
using System.Text.RegularExpressions;
using Attune.Engine.Expressions;
using Attune.Engine.Matching;
using Attune.Engine.Schemas;

namespace Attune.Engine.Conditions;

/// <summary>What an operator asks of a field that is there. A value of a kind that it is not about does not hold; nothing is converted.</summary>
abstract class FieldTest
{
    /// <summary>Null where it cannot be decided.</summary>
    public abstract bool? Holds(Value value, ref Evaluation evaluation);

    public sealed class Equal(Value literal) : FieldTest
    {
        public Value Literal => literal;

        public override bool? Holds(Value value, ref Evaluation evaluation) => value == literal;
    }

    public sealed class OneOf(HashSet<Value> literals) : FieldTest
    {
        public IReadOnlySet<Value> Literals => literals;

        public override bool? Holds(Value value, ref Evaluation evaluation) => literals.Contains(value);
    }

    /// <summary>Numbers by value, texts character by character.</summary>
    public sealed class Ordered(Value literal, bool greater, bool orEqual) : FieldTest
    {
        public override bool? Holds(Value value, ref Evaluation evaluation)
        {
            int order;
            if (value.IsNumber && literal.IsNumber)
                order = NumberOrder.Compare(value, literal);
            else if (value.Kind is ValueKind.String && literal.Kind is ValueKind.String)
                order = string.CompareOrdinal(value.AsString(), literal.AsString());
            else
                return false;

            return order == 0 ? orEqual : order > 0 == greater;
        }
    }

    /// <summary>A text has a part, a list an item, a map a name.</summary>
    public sealed class Containing(Value literal) : FieldTest
    {
        public override bool? Holds(Value value, ref Evaluation evaluation) => value.Kind switch
        {
            ValueKind.String => literal.Kind is ValueKind.String && value.AsString().Contains(literal.AsString(), StringComparison.Ordinal),
            ValueKind.List => HasItem(value.AsList()),
            ValueKind.Map => literal.Kind is ValueKind.String && value.TryGet(literal.AsString(), out _),
            _ => false,
        };

        bool HasItem(IReadOnlyList<Value> items)
        {
            for (var index = 0; index < items.Count; index++)
            {
                if (items[index] == literal)
                    return true;
            }

            return false;
        }
    }

    public sealed class StartingWith(string literal) : FieldTest
    {
        public override bool? Holds(Value value, ref Evaluation evaluation)
            => value.Kind is ValueKind.String && value.AsString().StartsWith(literal, StringComparison.Ordinal);
    }

    public sealed class EndingWith(string literal) : FieldTest
    {
        public override bool? Holds(Value value, ref Evaluation evaluation)
            => value.Kind is ValueKind.String && value.AsString().EndsWith(literal, StringComparison.Ordinal);
    }

    /// <summary>Anywhere in the text unless the pattern is anchored.</summary>
    public sealed class Pattern(Regex regex) : FieldTest
    {
        // Many slow patterns together must not hold an event up either.
        const int SlowMax = 3;

        /// <summary>Of a pattern that does not backtrack: long, so that a busy machine does not hit it by chance.</summary>
        public static readonly TimeSpan LinearTimeout = TimeSpan.FromSeconds(2);

        /// <summary>Of a pattern that has to backtrack.</summary>
        public static readonly TimeSpan Timeout = TimeSpan.FromMilliseconds(250);

        /// <summary>Of this one.</summary>
        public TimeSpan TimeMax => regex.MatchTimeout;

        public override bool? Holds(Value value, ref Evaluation evaluation)
        {
            if (value.Kind is not ValueKind.String)
                return false;
            if (evaluation.SlowPatterns >= SlowMax || evaluation.IsOver)
                return null;

            try
            {
                return regex.IsSureMatch(value.AsString());
            }
            catch (RegexMatchTimeoutException)
            {
                evaluation.SlowPatterns++;
                return null;
            }
        }
    }

    /// <summary>As in a schema, null is not given.</summary>
    public sealed class Present : FieldTest
    {
        public override bool? Holds(Value value, ref Evaluation evaluation) => value.Kind is not ValueKind.Null;
    }

    /// <summary>An RFC 3339 time, or seconds since 1970, that lies no further back.</summary>
    public sealed class Recent(TimeSpan length) : FieldTest
    {
        // Clocks differ: what a machine with a fast one says of this very moment lies in the future.
        static readonly TimeSpan Ahead = TimeSpan.FromMinutes(1);

        static readonly StringFormat Rfc3339 = StringFormat.Find("date-time")!;

        public override bool? Holds(Value value, ref Evaluation evaluation)
            => Moment(value) is { } moment && moment - evaluation.Now <= Ahead && evaluation.Now - moment <= length;

        static DateTimeOffset? Moment(Value value)
        {
            if (value.IsNumber)
            {
                var seconds = value.AsDouble();
                return seconds is >= 0 and < 253_402_300_800 ? DateTimeOffset.UnixEpoch.AddSeconds(seconds) : null;
            }

            return value.Kind is ValueKind.String && Rfc3339.Matches(value.AsString())
                ? DateTimeOffset.Parse(value.AsString(), CultureInfo.InvariantCulture)
                : null;
        }
    }
}
