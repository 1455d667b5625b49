using System.Collections.Frozen;
using System.Security.Cryptography;
using System.Text.RegularExpressions;
using Attune.Server.Hosting;

namespace Attune.Server.Keys;

sealed record MasterKey(string Id, ReadOnlyMemory<byte> Secret)
{
    public const int Size = 32;

    public static MasterKey New()
    {
        var secret = RandomNumberGenerator.GetBytes(Size);
        return new($"k{Convert.ToHexStringLower(SHA256.HashData(secret))[..8]}", secret);
    }

    public override string ToString() => $"master key {Id}";
}

/// <summary>The keys around every stored secret. The first protects what is new; all of them open what is old.</summary>
sealed partial class MasterKeys
{
    readonly FrozenDictionary<string, MasterKey> byId;

    public MasterKeys(IReadOnlyList<MasterKey> keys)
    {
        Active = keys[0];
        byId = keys.ToFrozenDictionary(key => key.Id);
    }

    public MasterKey Active { get; }

    public MasterKey? Find(string id) => byId.GetValueOrDefault(id);

    /// <summary>One `keyid:base64 of 32 bytes` per line, the active one first; empty lines and # comments are skipped.</summary>
    /// <exception cref="OperatorException">The file is missing, readable by others, or malformed; says how to put it right.</exception>
    public static MasterKeys Read(string path)
    {
        if (!File.Exists(path))
            throw new OperatorException(
                $"Security:MasterKeyFile: '{path}' does not exist. Copy the file of an existing replica, or for a new installation run: "
                + $"(umask 077; echo \"k1:$(openssl rand -base64 32)\" > {path})");

        const UnixFileMode others = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute
            | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;
        if ((File.GetUnixFileMode(path) & others) != 0)
            throw new OperatorException($"Security:MasterKeyFile: others can open '{path}'. Run: chmod 600 {path}");

        var keys = File.ReadLines(path)
            .Select((line, index) => (Text: line.Trim(), Number: index + 1))
            .Where(line => line.Text is not "" && !line.Text.StartsWith('#'))
            .Select(line => ParseLine(line.Text) ?? throw new OperatorException(
                $"Security:MasterKeyFile: line {line.Number} of '{path}' is not keyid:base64 of {MasterKey.Size} bytes."))
            .ToList();

        if (keys.Count == 0)
            throw new OperatorException($"Security:MasterKeyFile: '{path}' holds no key.");
        if (keys.GroupBy(key => key.Id).FirstOrDefault(group => group.Count() > 1) is { } twice)
            throw new OperatorException($"Security:MasterKeyFile: '{path}' names the key '{twice.Key}' twice.");
        return new(keys);
    }

    /// <summary>Writes a new key, readable by the owner only, unless the file exists.</summary>
    public static void CreateFile(string path)
    {
        if (File.Exists(path))
            return;

        var key = MasterKey.New();
        PrivateFile.Write(path, $"{key.Id}:{Convert.ToBase64String(key.Secret.Span)}\n");
    }

    static MasterKey? ParseLine(string line)
    {
        var secret = new byte[MasterKey.Size];
        return line.Split(':') is [var id, var encoded]
            && KeyId().IsMatch(id)
            && Convert.TryFromBase64String(encoded, secret, out var length)
            && length == MasterKey.Size
            ? new(id, secret)
            : null;
    }

    [GeneratedRegex("^[A-Za-z0-9._-]{1,64}$")]
    private static partial Regex KeyId();
}
