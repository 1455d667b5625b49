using Grpc.Core;

namespace Attune.Compat.Tests.Units;

public sealed class MetadataTests
{
    [Theory]
    [InlineData("Abc.D_e-9", "abc.d_e-9")]
    [InlineData("k", "k")]
    public void Keys_are_stored_in_lower_case(string key, string stored)
        => Assert.Equal(stored, new Metadata.Entry(key, "v").Key);

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("a b")]
    [InlineData(":path")]
    [InlineData("ключ")]
    [InlineData("a/b")]
    [InlineData("a\n")]
    public void Keys_outside_the_protocols_grammar_are_refused(string key)
        => Assert.Throws<ArgumentException>(() => new Metadata.Entry(key, "v"));

    [Fact]
    public void Binary_keys_obey_the_same_grammar() => Assert.Throws<ArgumentException>(() => new Metadata.Entry("a b-bin", [1]));

    [Theory]
    [InlineData("data-bin")]
    [InlineData("Data-BIN")]
    public void The_suffix_of_a_key_says_whether_the_value_is_binary(string key)
    {
        Assert.True(new Metadata.Entry(key, [1]).IsBinary);
        Assert.Throws<ArgumentException>(() => new Metadata.Entry(key, "text"));
        Assert.Throws<ArgumentException>(() => new Metadata.Entry("data", [1]));
        Assert.False(new Metadata.Entry("data", "text").IsBinary);
    }

    [Fact]
    public void Null_is_no_key_and_no_value()
    {
        Assert.Throws<ArgumentNullException>(() => new Metadata.Entry(null!, "v"));
        Assert.Throws<ArgumentNullException>(() => new Metadata.Entry("k", (string)null!));
        Assert.Throws<ArgumentNullException>(() => new Metadata.Entry("k-bin", (byte[])null!));
        Assert.Throws<ArgumentNullException>(() => new Metadata().Add(null!));
    }

    [Fact]
    public void The_bytes_of_an_entry_cannot_be_changed_from_outside()
    {
        byte[] bytes = [1, 2];
        var entry = new Metadata.Entry("k-bin", bytes);

        bytes[0] = 9;
        entry.ValueBytes[1] = 9;

        Assert.Equal([1, 2], entry.ValueBytes);
    }

    [Fact]
    public void Text_reads_as_ascii_bytes_but_bytes_do_not_read_as_text()
    {
        Assert.Equal("hé"u8.Length - 1, new Metadata.Entry("k", "hé").ValueBytes.Length);
        Assert.Equal("hi"u8.ToArray(), new Metadata.Entry("k", "hi").ValueBytes);
        Assert.Throws<InvalidOperationException>(() => new Metadata.Entry("k-bin", [1]).Value);
    }

    [Fact]
    public void An_entry_describes_itself()
    {
        Assert.Equal("[Entry: key=k, value=v]", new Metadata.Entry("K", "v").ToString());
        Assert.Contains("k-bin", new Metadata.Entry("k-bin", [1]).ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void The_last_of_several_entries_is_the_value_in_any_case_of_the_key()
    {
        var metadata = new Metadata { { "k", "1" }, { "other", "x" }, { "K", "2" }, { "k-bin", [7] } };

        Assert.Equal("2", metadata.GetValue("K"));
        Assert.Equal("2", metadata.Get("k")!.Value);
        Assert.Equal("2"u8.ToArray(), metadata.GetValueBytes("k"));
        Assert.Equal([7], metadata.GetValueBytes("K-BIN"));
        Assert.Equal(["1", "2"], metadata.GetAll("K").Select(entry => entry.Value));
        Assert.Throws<InvalidOperationException>(() => metadata.GetValue("k-bin"));
    }

    [Fact]
    public void What_is_not_there_is_null_or_empty()
    {
        var metadata = new Metadata { { "k", "1" } };

        Assert.Null(metadata.Get("j"));
        Assert.Null(metadata.GetValue("j"));
        Assert.Null(metadata.GetValueBytes("j"));
        Assert.Empty(metadata.GetAll("j"));
    }

    [Fact]
    public void It_is_a_list()
    {
        var (a, b, c) = (new Metadata.Entry("a", "1"), new Metadata.Entry("b", "2"), new Metadata.Entry("c", "3"));
        var metadata = new Metadata { a, c };

        metadata.Insert(1, b);
        Assert.Equal([a, b, c], metadata);
        Assert.Equal((3, 1, -1), (metadata.Count, metadata.IndexOf(b), metadata.IndexOf(new("b", "2"))));
        Assert.Contains(c, metadata);
        Assert.False(metadata.IsReadOnly);

        metadata[0] = c;
        Assert.True(metadata.Remove(b));
        Assert.False(metadata.Remove(b));
        metadata.RemoveAt(0);
        var copy = new Metadata.Entry[2];
        metadata.CopyTo(copy, 1);
        Assert.Equal([null!, c], copy);

        metadata.Clear();
        Assert.Empty(metadata);
    }

    [Fact]
    public void The_empty_one_is_frozen()
    {
        var entry = new Metadata.Entry("a", "1");

        Assert.True(Metadata.Empty.IsReadOnly);
        Assert.Throws<InvalidOperationException>(() => Metadata.Empty.Add(entry));
        Assert.Throws<InvalidOperationException>(() => Metadata.Empty.Add("a", "1"));
        Assert.Throws<InvalidOperationException>(() => Metadata.Empty.Insert(0, entry));
        Assert.Throws<InvalidOperationException>(() => Metadata.Empty[0] = entry);
        Assert.Throws<InvalidOperationException>(() => Metadata.Empty.Remove(entry));
        Assert.Throws<InvalidOperationException>(() => Metadata.Empty.RemoveAt(0));
        Assert.Throws<InvalidOperationException>(Metadata.Empty.Clear);
        Assert.Empty(Metadata.Empty);
    }
}
