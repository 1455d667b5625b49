using System.Collections.Frozen;
using Attune.V1;

namespace Attune.Server.Hosting;

/// <summary>What an rpc needs of its caller. The index is dense, so that a caller's rights can be a row of bits.</summary>
sealed record Requirement(int Index, Access Access, string Resource, string Action);

/// <summary>Every rpc's `(attune.v1.permission)`, read once from the descriptors. An rpc without one is not in the table.</summary>
sealed class PermissionTable
{
    // Published contracts that cannot carry our option. They tell a stranger nothing that the protos do not.
    static readonly FrozenSet<string> Open = FrozenSet.Create("grpc.health.v1", "grpc.reflection.v1", "grpc.reflection.v1alpha");

    readonly FrozenDictionary<string, Requirement> byPath;

    public PermissionTable()
    {
        Requirements =
        [
            .. ApiDescriptors.Methods
                .Select(method => (Path: ApiDescriptors.PathOf(method), Permission: PermissionOf(method)))
                .Where(method => method.Permission is not null)
                .Select((method, index) => (method.Path, new Requirement(
                    index, method.Permission!.Access, method.Permission.Resource, method.Permission.Action))),
        ];
        byPath = Requirements.ToFrozenDictionary(each => each.Path, each => each.Requirement);
    }

    public IReadOnlyList<(string Path, Requirement Requirement)> Requirements { get; }

    /// <summary>Null: not listed, so refused.</summary>
    public Requirement? Find(string path) => byPath.GetValueOrDefault(path);

    static Permission? PermissionOf(Google.Protobuf.Reflection.MethodDescriptor method)
    {
        if (Open.Contains(method.File.Package))
            return new() { Access = Access.Anonymous };

        var permission = method.GetOptions()?.GetExtension(PermissionExtensions.Permission);
        return permission is { Access: Access.Unspecified, Resource: "" } or { Access: Access.Unspecified, Action: "" }
            ? null
            : permission;
    }
}
