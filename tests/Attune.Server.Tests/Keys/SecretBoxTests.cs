using System.Text;
using Attune.Server.Hosting;
using Attune.Server.Keys;

namespace Attune.Server.Tests.Keys;

public sealed class SecretBoxTests
{
    static readonly MasterKey Old = MasterKey.New();
    static readonly MasterKey New = MasterKey.New();

    [Theory]
    [InlineData("")]
    [InlineData("a secret")]
    [InlineData("ünïcode ☂")]
    public void What_is_protected_opens_again_and_never_looks_the_same(string secret)
    {
        var box = new SecretBox(new([New]));

        var text = box.Protect(secret, "place");

        Assert.StartsWith($"v1:{New.Id}:", text);
        Assert.NotEqual(text, box.Protect(secret, "place"));
        Assert.Equal(secret, box.UnprotectText(text, "place"));
    }

    [Fact]
    public void Any_changed_byte_is_noticed()
    {
        var box = new SecretBox(new([New]));
        var parts = box.Protect("secret"u8).Split(':');
        var bytes = Convert.FromBase64String(parts[2]);
        for (var at = 0; at < bytes.Length; at++)
        {
            var changed = bytes.ToArray();
            changed[at] ^= 1;
            Assert.Throws<SecretBoxException>(() => box.Unprotect($"v1:{New.Id}:{Convert.ToBase64String(changed)}"));
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("secret")]
    [InlineData("v1:k:")]
    [InlineData("v1:k:AAAA")]
    [InlineData("v1:k:not base64")]
    [InlineData("v2:k:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    public void What_is_no_protected_text_is_refused(string text)
        => Assert.Throws<SecretBoxException>(() => new SecretBox(new([New])).Unprotect(text));

    [Fact]
    public void A_text_moved_to_another_place_does_not_open()
    {
        var box = new SecretBox(new([New]));

        Assert.Throws<SecretBoxException>(() => box.UnprotectText(box.Protect("secret", "one"), "two"));
    }

    [Fact]
    public void After_a_rotation_the_new_key_protects_and_the_old_one_still_opens()
    {
        var text = new SecretBox(new([Old])).Protect("secret"u8);
        var rotated = new SecretBox(new([New, Old]));

        Assert.Equal("secret", Encoding.UTF8.GetString(rotated.Unprotect(text)));
        Assert.StartsWith($"v1:{New.Id}:", rotated.Protect("secret"u8));
    }

    [Fact]
    public void A_missing_key_and_another_key_of_the_same_name_are_named()
    {
        var text = new SecretBox(new([Old])).Protect("secret"u8);

        var missing = Assert.Throws<SecretBoxException>(() => new SecretBox(new([New])).Unprotect(text));
        var wrong = Assert.Throws<SecretBoxException>(() => new SecretBox(new([New with { Id = Old.Id }])).Unprotect(text));

        Assert.Contains(Old.Id, missing.Message);
        Assert.Contains(Old.Id, wrong.Message);
        Assert.DoesNotContain("secret\"", wrong.Message);
    }

    [Fact]
    public void A_made_key_file_is_its_owners_alone_and_reads_back()
    {
        var path = NewPath();
        MasterKeys.CreateFile(path);
        var first = MasterKeys.Read(path).Active;
        MasterKeys.CreateFile(path);

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
        Assert.Equal(first.Id, MasterKeys.Read(path).Active.Id);
    }

    [Theory]
    [InlineData(UnixFileMode.GroupRead)]
    [InlineData(UnixFileMode.OtherRead)]
    [InlineData(UnixFileMode.GroupWrite)]
    public void A_key_file_that_others_can_open_is_refused(UnixFileMode mode)
    {
        var path = NewPath();
        MasterKeys.CreateFile(path);
        File.SetUnixFileMode(path, File.GetUnixFileMode(path) | mode);

        Assert.Contains("chmod 600", Assert.Throws<OperatorException>(() => MasterKeys.Read(path)).Message);
    }

    [Theory]
    [InlineData("", "holds no key")]
    [InlineData("# only a comment\n", "holds no key")]
    [InlineData("k1:c2hvcnQ=\n", "line 1")]
    [InlineData("k1\n", "line 1")]
    [InlineData("a b:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n", "line 1")]
    [InlineData("k:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\nk:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n", "twice")]
    public void A_malformed_key_file_is_explained_without_its_content(string content, string explained)
    {
        var path = NewPath();
        PrivateFile.Write(path, content);

        var message = Assert.Throws<OperatorException>(() => MasterKeys.Read(path)).Message;

        Assert.Contains(explained, message);
        Assert.DoesNotContain("c2hvcnQ", message);
    }

    static string NewPath() => Path.Combine(Directory.CreateTempSubdirectory("attune-keys-").FullName, "master.key");
}
