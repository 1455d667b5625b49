using System.Reflection;
using Google.Protobuf.Reflection;

namespace Attune.Server.Hosting;

/// <summary>The descriptors of every proto file that the server was built with.</summary>
static class ApiDescriptors
{
    public static IReadOnlyList<FileDescriptor> Files { get; } =
    [
        .. typeof(V1.PermissionReflection).Assembly.GetTypes()
            .Select(type => type.GetProperty("Descriptor", BindingFlags.Public | BindingFlags.Static))
            .Where(property => property?.PropertyType == typeof(FileDescriptor))
            .Select(property => (FileDescriptor)property!.GetValue(null)!),
    ];

    public static IEnumerable<MethodDescriptor> Methods => Files.SelectMany(file => file.Services).SelectMany(service => service.Methods);

    /// <summary>As it travels: `/attune.v1.ExecutionService/StartExecution`.</summary>
    public static string PathOf(MethodDescriptor method) => $"/{method.Service.FullName}/{method.Name}";
}
