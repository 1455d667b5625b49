using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace Attune.Compat.Tests.Surface;

sealed record Reference(string Assembly, string Type, string? Member)
{
    public override string ToString() => Member is null ? $"[{Assembly}] {Type}" : $"[{Assembly}] {Type}: {Member}";
}

/// <summary>What an assembly takes from the two API assemblies, as its metadata says.</summary>
static class ReferencedSurface
{
    public static readonly IReadOnlyList<string> ApiAssemblies = ["Grpc.Core.Api", "Grpc.Net.Common"];

    public static IReadOnlyList<Reference> Read(string assemblyPath)
    {
        using var file = new PEReader(File.OpenRead(assemblyPath));
        if (!file.HasMetadata)
            return [];

        var reader = file.GetMetadataReader();
        return [.. Types(reader).Concat(Members(reader)).Distinct()];
    }

    static IEnumerable<Reference> Types(MetadataReader reader)
    {
        foreach (var handle in reader.TypeReferences)
            if (FromApi(reader, handle) is { } type)
                yield return type;
    }

    static IEnumerable<Reference> Members(MetadataReader reader)
    {
        foreach (var handle in reader.MemberReferences)
        {
            var member = reader.GetMemberReference(handle);
            if (FromApi(reader, member.Parent) is not { } type)
                continue;

            var name = reader.GetString(member.Name);
            var text = new SignatureText();
            yield return type with
            {
                Member = member.GetKind() is MemberReferenceKind.Method
                    ? SignatureText.Method(name, member.DecodeMethodSignature(text, null))
                    : SignatureText.Field(name, member.DecodeFieldSignature(text, null)),
            };
        }
    }

    static Reference? FromApi(MetadataReader reader, EntityHandle type) => type.Kind switch
    {
        HandleKind.TypeReference => FromApi(reader, (TypeReferenceHandle)type),
        HandleKind.TypeSpecification => FromApi(reader, (TypeSpecificationHandle)type),
        _ => null,
    };

    static Reference? FromApi(MetadataReader reader, TypeReferenceHandle handle)
    {
        var scope = reader.GetTypeReference(handle).ResolutionScope;
        while (scope.Kind is HandleKind.TypeReference)
            scope = reader.GetTypeReference((TypeReferenceHandle)scope).ResolutionScope;

        if (scope.Kind is not HandleKind.AssemblyReference)
            return null;

        var assembly = reader.GetString(reader.GetAssemblyReference((AssemblyReferenceHandle)scope).Name);
        return ApiAssemblies.Contains(assembly) ? new(assembly, SignatureText.NameOf(reader, handle), null) : null;
    }

    static Reference? FromApi(MetadataReader reader, TypeSpecificationHandle handle)
    {
        var signature = reader.GetBlobReader(reader.GetTypeSpecification(handle).Signature);
        if (signature.ReadSignatureTypeCode() is not SignatureTypeCode.GenericTypeInstance)
            return null;

        signature.ReadSignatureTypeCode();
        return FromApi(reader, signature.ReadTypeHandle());
    }
}
