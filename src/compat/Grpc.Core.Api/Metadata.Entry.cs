using System.Buffers;
using System.Text;

namespace Grpc.Core;

public sealed partial class Metadata
{
    /// <summary>One header: text, or bytes under a key that ends with <see cref="BinaryHeaderSuffix"/>. It does not change.</summary>
    public sealed class Entry
    {
        // Of the grammar in doc/PROTOCOL-HTTP2.md of grpc; capitals are accepted and lowered first.
        static readonly SearchValues<char> KeyCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789_-.");

        readonly string? text;
        readonly byte[]? bytes;

        /// <param name="key">Letters (stored in lower case), digits, <c>_</c>, <c>-</c> and <c>.</c>, ending with <c>-bin</c>.</param>
        /// <param name="valueBytes">Copied.</param>
        /// <exception cref="ArgumentException">The key is not valid for a binary entry.</exception>
        public Entry(string key, byte[] valueBytes)
        {
            Key = Normalize(key);
            if (!IsBinaryKey(Key))
                throw new ArgumentException("Key for binary valued metadata entry needs to have suffix indicating binary value.", nameof(key));

            ArgumentNullException.ThrowIfNull(valueBytes);
            bytes = [.. valueBytes];
        }

        /// <param name="key">Letters (stored in lower case), digits, <c>_</c>, <c>-</c> and <c>.</c>, not ending with <c>-bin</c>.</param>
        /// <param name="value">ASCII; anything else is lost or refused on its way.</param>
        /// <exception cref="ArgumentException">The key is not valid for a text entry.</exception>
        public Entry(string key, string value)
        {
            Key = Normalize(key);
            if (IsBinaryKey(Key))
                throw new ArgumentException("Key for ASCII valued metadata entry cannot have suffix indicating binary value.", nameof(key));

            ArgumentNullException.ThrowIfNull(value);
            text = value;
        }

        /// <summary>Always in lower case.</summary>
        public string Key { get; }

        public bool IsBinary => text is null;

        /// <exception cref="InvalidOperationException">The entry is binary.</exception>
        public string Value => text ?? throw new InvalidOperationException("Cannot access string value of a binary metadata entry");

        /// <summary>A copy of the bytes; those of a text entry are ASCII.</summary>
        public byte[] ValueBytes => bytes is null ? Encoding.ASCII.GetBytes(text!) : [.. bytes];

        public override string ToString() => text is null
            ? $"[Entry: key={Key}, valueBytes={Convert.ToHexString(bytes!)}]"
            : $"[Entry: key={Key}, value={text}]";

        internal bool HasKey(string key) => Key.Equals(key, StringComparison.OrdinalIgnoreCase);

        static bool IsBinaryKey(string key) => key.EndsWith(BinaryHeaderSuffix, StringComparison.Ordinal);

        static string Normalize(string key)
        {
            ArgumentNullException.ThrowIfNull(key);
            var normalized = key.ToLowerInvariant();
            return normalized.Length > 0 && !normalized.AsSpan().ContainsAnyExcept(KeyCharacters)
                ? normalized
                : throw new ArgumentException(
                    "Metadata entry key not valid. Keys can only contain lowercase alphanumeric characters, underscores, hyphens and dots.",
                    nameof(key));
        }
    }
}
