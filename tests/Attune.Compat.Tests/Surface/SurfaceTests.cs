using System.Reflection;

namespace Attune.Compat.Tests.Surface;

public sealed class SurfaceTests
{
    static readonly OfferedSurface Offered = new(AppContext.BaseDirectory);

    /// <summary>Every assembly beside the tests that is built against the API, but the tests and the API itself.</summary>
    static readonly IReadOnlyList<string> OfficialNames = [.. Directory
        .EnumerateFiles(AppContext.BaseDirectory, "*.dll")
        .Where(path => ReferencedSurface.Read(path).Count > 0)
        .Select(path => Path.GetFileNameWithoutExtension(path))
        .Where(name => !ReferencedSurface.ApiAssemblies.Contains(name) && name != typeof(SurfaceTests).Assembly.GetName().Name)];

    public static TheoryData<string> OfficialAssemblies => [.. OfficialNames];

    [Theory]
    [MemberData(nameof(OfficialAssemblies))]
    public void Every_type_and_member_that_an_official_assembly_references_exists(string assembly)
    {
        var missing = ReferencedSurface.Read(PathOf(assembly)).Where(reference => !Offered.Has(reference)).ToList();

        Assert.True(missing.Count is 0, $"{assembly} needs what is missing:\n{string.Join('\n', missing)}");
    }

    /// <summary>Fails also where an official class leaves one of our abstract members open, which no reference shows.</summary>
    [Theory]
    [MemberData(nameof(OfficialAssemblies))]
    public void Every_type_of_an_official_assembly_loads(string assembly)
        => Assert.NotEmpty(Assembly.LoadFrom(PathOf(assembly)).GetTypes());

    [Fact]
    public void Client_and_server_are_among_the_official_assemblies_and_the_reading_is_not_empty()
    {
        Assert.Contains("Grpc.Net.Client", OfficialNames);
        Assert.Contains("Grpc.AspNetCore.Server", OfficialNames);
        foreach (var name in OfficialNames)
        {
            var references = ReferencedSurface.Read(PathOf(name));
            Assert.True(references.Count(reference => reference.Member is null) > 20, $"{name}: {references.Count}");
            Assert.True(references.Count(reference => reference.Member is not null) > 50, $"{name}: {references.Count}");
            Assert.Contains(references, reference => reference.Assembly == "Grpc.Net.Common");
        }
    }

    [Theory]
    [InlineData("Grpc.Core.Status", "static Void .ctor(Grpc.Core.StatusCode, String)")]
    [InlineData("Grpc.Core.Status", "instance Int32 get_StatusCode()")]
    [InlineData("Grpc.Core.Statuses", null)]
    public void A_reference_with_another_signature_or_name_is_missed(string type, string? member)
        => Assert.False(Offered.Has(new("Grpc.Core.Api", type, member)));

    [Theory]
    [InlineData("Grpc.Core.Api")]
    [InlineData("Grpc.Net.Common")]
    public void The_identity_is_the_one_that_the_official_packages_ask_for(string assembly)
    {
        var identity = AssemblyName.GetAssemblyName(PathOf(assembly));

        Assert.Equal(new Version(2, 0, 0, 0), identity.Version);
        Assert.Equal("d754f35622e28bad", Convert.ToHexStringLower(identity.GetPublicKeyToken()!));
    }

    static string PathOf(string assembly) => Path.Combine(AppContext.BaseDirectory, $"{assembly}.dll");
}
