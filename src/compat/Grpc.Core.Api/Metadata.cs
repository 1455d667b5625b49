using System.Collections;

namespace Grpc.Core;

/// <summary>Headers or trailers of a call, in order; a key may occur more than once.</summary>
public sealed partial class Metadata : IList<Metadata.Entry>
{
    /// <summary>Every key of a binary entry ends so, and no other key does.</summary>
    public const string BinaryHeaderSuffix = "-bin";

    /// <summary>Empty and read-only.</summary>
    public static readonly Metadata Empty = new Metadata().Freeze();

    readonly List<Entry> entries = [];
    bool frozen;

    public int Count => entries.Count;

    public bool IsReadOnly => frozen;

    public Entry this[int index]
    {
        get => entries[index];
        set
        {
            ThrowUnlessStorable(value);
            entries[index] = value;
        }
    }

    /// <summary>The last entry with that key, in any case, or null.</summary>
    public Entry? Get(string key) => entries.FindLast(entry => entry.HasKey(key));

    /// <summary>The text of the last entry with that key, in any case, or null.</summary>
    /// <exception cref="InvalidOperationException">The entry is binary.</exception>
    public string? GetValue(string key) => Get(key)?.Value;

    /// <summary>The bytes of the last entry with that key, in any case, or null; those of a text entry are ASCII.</summary>
    public byte[]? GetValueBytes(string key) => Get(key)?.ValueBytes;

    /// <summary>All entries with that key, in any case, in their order.</summary>
    public IEnumerable<Entry> GetAll(string key) => entries.Where(entry => entry.HasKey(key));

    /// <summary>Adds a text entry; see <see cref="Entry(string, string)"/>.</summary>
    public void Add(string key, string value) => Add(new Entry(key, value));

    /// <summary>Adds a binary entry; see <see cref="Entry(string, byte[])"/>.</summary>
    public void Add(string key, byte[] valueBytes) => Add(new Entry(key, valueBytes));

    public void Add(Entry item)
    {
        ThrowUnlessStorable(item);
        entries.Add(item);
    }

    public void Insert(int index, Entry item)
    {
        ThrowUnlessStorable(item);
        entries.Insert(index, item);
    }

    public bool Remove(Entry item)
    {
        ThrowIfFrozen();
        return entries.Remove(item);
    }

    public void RemoveAt(int index)
    {
        ThrowIfFrozen();
        entries.RemoveAt(index);
    }

    public void Clear()
    {
        ThrowIfFrozen();
        entries.Clear();
    }

    public int IndexOf(Entry item) => entries.IndexOf(item);

    public bool Contains(Entry item) => entries.Contains(item);

    public void CopyTo(Entry[] array, int arrayIndex) => entries.CopyTo(array, arrayIndex);

    public IEnumerator<Entry> GetEnumerator() => entries.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    Metadata Freeze()
    {
        frozen = true;
        return this;
    }

    void ThrowUnlessStorable(Entry item)
    {
        ThrowIfFrozen();
        ArgumentNullException.ThrowIfNull(item);
    }

    void ThrowIfFrozen()
    {
        if (frozen)
            throw new InvalidOperationException("Object is read only");
    }
}
