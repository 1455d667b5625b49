using Attune.Cli.Configuration;

namespace Attune.Cli.Tests.Configuration;

public sealed class ConnectionTests
{
    static readonly Profiles profiles = new()
    {
        Current = "dev",
        ByName = new()
        {
            ["dev"] = new() { Server = "http://127.0.0.1:7700", Token = "att_dev", CaFile = "/dev.pem" },
            ["prod"] = new() { Server = "https://attune.example.com", Token = "att_prod" },
        },
    };

    [Theory]
    [InlineData(null, null, null, null, "http://127.0.0.1:7700")]
    [InlineData(null, "prod", null, null, "https://attune.example.com")]
    [InlineData(null, null, null, "prod", "https://attune.example.com")]
    [InlineData(null, "dev", null, "prod", "http://127.0.0.1:7700")]
    [InlineData(null, null, "https://env", null, "https://env")]
    [InlineData("https://option", null, "https://env", "prod", "https://option")]
    [InlineData("attune.example.com:7700", null, null, null, "https://attune.example.com:7700")]
    [InlineData("localhost:7700", null, null, null, "http://localhost:7700")]
    public void An_option_goes_before_the_environment_and_that_before_the_profile(
        string? server, string? profile, string? environmentServer, string? environmentProfile, string expected)
        => Assert.Equal(expected, Resolve(server, profile, environmentServer, environmentProfile).Server);

    [Theory]
    [InlineData("http://127.0.0.1:7700", true)]
    [InlineData("HTTP://127.0.0.1:7700/", true)]
    [InlineData("http://127.0.0.1:7701", false)]
    [InlineData("https://evil.example.com", false)]
    public void A_login_is_sent_to_its_own_server_only(string server, bool applies)
    {
        var connection = Resolve(server, null, null, null);

        Assert.Equal(applies, connection.Credentials(new("/nowhere", TextWriter.Null), TimeProvider.System) is not null);
        Assert.Equal(applies ? "/dev.pem" : null, connection.CaFile);
    }

    static Connection Resolve(string? server, string? profile, string? environmentServer, string? environmentProfile)
        => Connection.Resolve(profiles, server, profile, name => name switch
        {
            "ATTUNE_SERVER" => environmentServer,
            "ATTUNE_PROFILE" => environmentProfile,
            _ => null,
        });
}
