using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Attune.Agent.Joining;

/// <summary>What joining gave, on disk: readable by the agent's user only.</summary>
sealed class IdentityStore(string stateDirectory)
{
    const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    // Key and certificates are one file, so that a renewal replaces both or neither.
    string IdentityFile => Path.Combine(stateDirectory, "identity.pem");

    string CaFile => Path.Combine(stateDirectory, "ca.pem");

    string LabelsFile => Path.Combine(stateDirectory, "labels.json");

    /// <summary>Null before the agent has joined. Throws <see cref="HopelessException"/> when the file is damaged.</summary>
    public AgentIdentity? Load()
    {
        if (!File.Exists(IdentityFile))
            return null;

        var key = ECDsa.Create();
        try
        {
            var pem = File.ReadAllText(IdentityFile);
            key.ImportFromPem(pem);
            return AgentIdentity.Create(key, pem);
        }
        catch (Exception damage) when (damage is CryptographicException or ArgumentException)
        {
            key.Dispose();
            throw new HopelessException(
                Configuration.ExitCode.NotJoined,
                $"{IdentityFile} is damaged ({damage.Message}). Remove it and join again with a new join token.");
        }
    }

    public void Save(AgentIdentity identity) => Write(IdentityFile, identity.ExportPem());

    public void SaveJoin(string caCertificate, IEnumerable<KeyValuePair<string, string>> labels)
    {
        Write(CaFile, caCertificate);
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            foreach (var (key, value) in labels)
                json.WriteString(key, value);
            json.WriteEndObject();
        }

        Write(LabelsFile, Encoding.UTF8.GetString(buffer.ToArray()));
    }

    /// <summary>The labels that the join token gave.</summary>
    public IReadOnlyDictionary<string, string> LoadLabels()
    {
        if (!File.Exists(LabelsFile))
            return new Dictionary<string, string>();

        using var document = JsonDocument.Parse(File.ReadAllBytes(LabelsFile));
        return document.RootElement.EnumerateObject().ToDictionary(each => each.Name, each => each.Value.GetString() ?? "");
    }

    static void Write(string path, string text)
    {
        var next = path + ".next";
        File.Delete(next);
        using (var file = new FileStream(next, new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            UnixCreateMode = OwnerOnly,
        }))
        {
            file.Write(Encoding.UTF8.GetBytes(text));
            file.Flush(flushToDisk: true);
        }

        File.Move(next, path, overwrite: true);
    }
}
