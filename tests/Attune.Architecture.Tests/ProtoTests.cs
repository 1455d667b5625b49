using System.Text.RegularExpressions;

namespace Attune.Architecture.Tests;

public sealed partial class ProtoTests
{
    /// <summary>Of our own services; health and reflection are others' contracts.</summary>
    static readonly IReadOnlyList<(string File, string Name, string Comment, string Body)> Rpcs =
    [
        .. from file in Source.FilesOf(".proto")
           where file.StartsWith("protos/attune/", StringComparison.Ordinal)
           from Match rpc in Rpc().Matches(Source.Read(file))
           select (file, rpc.Groups["name"].Value, rpc.Groups["comment"].Value, rpc.Groups["body"].Value),
    ];

    [Fact]
    public void Every_rpc_says_what_a_caller_needs()
    {
        Assert.NotEmpty(Rpcs);
        Source.AssertNone(Rpcs.Where(rpc => !Permission().IsMatch(rpc.Body)).Select(rpc => $"{rpc.File}: {rpc.Name}"));
    }

    [Fact]
    public void Every_rpc_says_what_it_does()
        => Source.AssertNone(
            Rpcs.Where(rpc => rpc.Comment.Trim().Length == 0).Select(rpc => $"{rpc.File}: {rpc.Name}"));

    [Fact]
    public void Files_and_packages_are_where_the_convention_puts_them()
        => Source.AssertNone(
            from file in Source.FilesOf(".proto")
            where file.StartsWith("protos/attune/", StringComparison.Ordinal)
            let package = PackageLine().Match(Source.Read(file)).Groups["name"].Value
            where $"protos/{package.Replace('.', '/')}" != Path.GetDirectoryName(file)
            select $"{file} is in package {package}");

    [GeneratedRegex(@"(?<comment>(^[ \t]*//[^\n]*\n)*)^[ \t]*rpc\s+(?<name>\w+)\s*\([^)]*\)\s*returns\s*\([^)]*\)\s*(\{(?<body>([^{}]|\{[^{}]*\})*)\}|;)", RegexOptions.Multiline)]
    private static partial Regex Rpc();

    [GeneratedRegex(@"option\s*\((attune\.v1\.)?permission\)\s*=\s*\{\s*(resource:\s*""[a-z_]+"",\s*action:\s*""[a-z_]+""|access:\s*ACCESS_(ANONYMOUS|AUTHENTICATED|AGENT))[^}]*\}")]
    private static partial Regex Permission();

    [GeneratedRegex(@"^package (?<name>[\w.]+);", RegexOptions.Multiline)]
    private static partial Regex PackageLine();
}
