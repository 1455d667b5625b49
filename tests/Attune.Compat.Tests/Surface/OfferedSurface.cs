using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace Attune.Compat.Tests.Surface;

/// <summary>What the API assemblies offer to others: visible types and their visible members, inherited ones included.</summary>
sealed class OfferedSurface
{
    readonly Dictionary<(string Assembly, string Type), OfferedType> types = [];

    public OfferedSurface(string folder)
    {
        foreach (var assembly in ReferencedSurface.ApiAssemblies)
        {
            using var file = new PEReader(File.OpenRead(Path.Combine(folder, $"{assembly}.dll")));
            var reader = file.GetMetadataReader();
            foreach (var handle in reader.TypeDefinitions.Where(handle => IsVisible(reader, handle)))
                types[(assembly, SignatureText.NameOf(reader, handle))] = OfferedType.Read(reader, handle);
        }
    }

    public bool Has(Reference reference)
    {
        var found = types.GetValueOrDefault((reference.Assembly, reference.Type));
        if (reference.Member is null)
            return found is not null;

        while (found is not null)
        {
            if (found.Members.Contains(reference.Member))
                return true;

            found = types.GetValueOrDefault((reference.Assembly, found.Ancestor ?? ""));
        }

        return false;
    }

    static bool IsVisible(MetadataReader reader, TypeDefinitionHandle handle)
    {
        var type = reader.GetTypeDefinition(handle);
        return (type.Attributes & TypeAttributes.VisibilityMask) switch
        {
            TypeAttributes.Public => true,
            TypeAttributes.NestedPublic or TypeAttributes.NestedFamily or TypeAttributes.NestedFamORAssem
                => IsVisible(reader, type.GetDeclaringType()),
            _ => false,
        };
    }

    sealed record OfferedType(string? Ancestor, HashSet<string> Members)
    {
        public static OfferedType Read(MetadataReader reader, TypeDefinitionHandle handle)
        {
            var type = reader.GetTypeDefinition(handle);
            var text = new SignatureText();
            var methods = type.GetMethods()
                .Select(reader.GetMethodDefinition)
                .Where(method => (method.Attributes & MethodAttributes.MemberAccessMask)
                    is MethodAttributes.Public or MethodAttributes.Family or MethodAttributes.FamORAssem)
                .Select(method => SignatureText.Method(reader.GetString(method.Name), method.DecodeSignature(text, null)));
            var fields = type.GetFields()
                .Select(reader.GetFieldDefinition)
                .Where(field => (field.Attributes & FieldAttributes.FieldAccessMask)
                    is FieldAttributes.Public or FieldAttributes.Family or FieldAttributes.FamORAssem)
                .Select(field => SignatureText.Field(reader.GetString(field.Name), field.DecodeSignature(text, null)));

            return new(AncestorOf(reader, type.BaseType), [.. methods, .. fields]);
        }

        static string? AncestorOf(MetadataReader reader, EntityHandle handle)
            => !handle.IsNil && handle.Kind is HandleKind.TypeDefinition
                ? SignatureText.NameOf(reader, (TypeDefinitionHandle)handle)
                : null;
    }
}
