using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Attune.Server.Keys;

/// <summary>
/// Encrypts what the database must not show: `v1:&lt;key id&gt;:&lt;base64 of salt, nonce, tag, ciphertext&gt;`.
/// Associated data ties a text to its place; it must be given again to open the box, and a text moved elsewhere does not open.
/// </summary>
sealed class SecretBox(MasterKeys keys)
{
    const string Version = "v1";
    const int SaltSize = 16;
    const int NonceSize = 12;
    const int TagSize = 16;
    const int HeadSize = SaltSize + NonceSize + TagSize;

    /// <summary>SHA-256 of the master key that protects what is new, in hex: tells keys of one name apart and gives none away.</summary>
    public string ActiveKeyHash => Convert.ToHexStringLower(SHA256.HashData(keys.Active.Secret.Span));

    public string Protect(ReadOnlySpan<byte> plaintext, ReadOnlySpan<byte> associatedData = default)
    {
        var key = keys.Active;
        var sealedBytes = new byte[HeadSize + plaintext.Length];
        var salt = sealedBytes.AsSpan(0, SaltSize);
        var nonce = sealedBytes.AsSpan(SaltSize, NonceSize);
        RandomNumberGenerator.Fill(sealedBytes.AsSpan(0, SaltSize + NonceSize));

        using var cipher = CipherFor(key, salt);
        cipher.Encrypt(
            nonce,
            plaintext,
            sealedBytes.AsSpan(HeadSize),
            sealedBytes.AsSpan(SaltSize + NonceSize, TagSize),
            Bind(key.Id, associatedData));
        return $"{Version}:{key.Id}:{Convert.ToBase64String(sealedBytes)}";
    }

    public string Protect(string plaintext, string associatedData)
        => Protect(Encoding.UTF8.GetBytes(plaintext), Encoding.UTF8.GetBytes(associatedData));

    /// <exception cref="SecretBoxException">The text is not ours, was changed, belongs elsewhere, or its master key is not at hand.</exception>
    public byte[] Unprotect(string text, ReadOnlySpan<byte> associatedData = default)
    {
        var (keyId, sealedBytes) = Parse(text);
        var key = keys.Find(keyId)
            ?? throw new SecretBoxException($"A secret is protected by master key '{keyId}', which the master key file does not list.");

        var plaintext = new byte[sealedBytes.Length - HeadSize];
        using var cipher = CipherFor(key, sealedBytes.AsSpan(0, SaltSize));
        try
        {
            cipher.Decrypt(
                sealedBytes.AsSpan(SaltSize, NonceSize),
                sealedBytes.AsSpan(HeadSize),
                sealedBytes.AsSpan(SaltSize + NonceSize, TagSize),
                plaintext,
                Bind(keyId, associatedData));
        }
        catch (AuthenticationTagMismatchException exception)
        {
            throw new SecretBoxException(
                $"A secret does not open with master key '{keyId}': it was changed, or the key is another one of the same name.",
                exception);
        }

        return plaintext;
    }

    public string UnprotectText(string text, string associatedData)
        => Encoding.UTF8.GetString(Unprotect(text, Encoding.UTF8.GetBytes(associatedData)));

    static (string KeyId, byte[] Sealed) Parse(string text)
    {
        if (text.Split(':') is [Version, var keyId, var encoded])
        {
            var sealedBytes = new byte[encoded.Length / 4 * 3];
            if (Convert.TryFromBase64String(encoded, sealedBytes, out var length) && length >= HeadSize)
                return (keyId, sealedBytes[..length]);
        }

        throw new SecretBoxException("A protected value is not in the form v1:<key id>:<base64>.");
    }

    // A key of its own per message: random 96-bit nonces under one key are safe for 2^32 messages only (NIST SP 800-38D, 8.3),
    // which a busy installation's secret parameters would reach in days.
    static AesGcm CipherFor(MasterKey key, ReadOnlySpan<byte> salt)
    {
        Span<byte> derived = stackalloc byte[MasterKey.Size];
        HKDF.DeriveKey(HashAlgorithmName.SHA256, key.Secret.Span, derived, salt, "attune secret box v1"u8);
        var cipher = new AesGcm(derived, TagSize);
        CryptographicOperations.ZeroMemory(derived);
        return cipher;
    }

    static byte[] Bind(string keyId, ReadOnlySpan<byte> associatedData)
    {
        // The length keeps ("ab", "c") and ("a", "bc") apart.
        var id = Encoding.UTF8.GetBytes(keyId);
        var bound = new byte[sizeof(int) + id.Length + associatedData.Length];
        BinaryPrimitives.WriteInt32BigEndian(bound, id.Length);
        id.CopyTo(bound, sizeof(int));
        associatedData.CopyTo(bound.AsSpan(sizeof(int) + id.Length));
        return bound;
    }
}

sealed class SecretBoxException(string message, Exception? inner = null) : Exception(message, inner);
