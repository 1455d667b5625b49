using System.Collections.Frozen;
using Google.Protobuf.Reflection;
using Grpc.AspNetCore.Server;
using Grpc.Core;
using Grpc.Reflection.V1;

namespace Attune.Server.Hosting.Reflection;

/// <summary>Answers reflection's questions from the descriptors that the server was built with.</summary>
sealed class ReflectionIndex(EndpointDataSource endpoints)
{
    // Everything reachable, so also google.protobuf's own files.
    static readonly FrozenDictionary<string, FileDescriptor> Files = ApiDescriptors.Files
        .SelectMany(WithDependencies)
        .DistinctBy(file => file.Name)
        .ToFrozenDictionary(file => file.Name);

    static readonly FrozenDictionary<string, FileDescriptor> Symbols = Files.Values
        .SelectMany(file => SymbolsOf(file).Select(symbol => (symbol, file)))
        .DistinctBy(each => each.symbol)
        .ToFrozenDictionary(each => each.symbol, each => each.file);

    static readonly FrozenDictionary<(string Type, int Number), FileDescriptor> Extensions = Files.Values
        .SelectMany(file => ExtensionsOf(file).Select(extension => (Key: (extension.ExtendeeType.FullName, extension.FieldNumber), file)))
        .DistinctBy(each => each.Key)
        .ToFrozenDictionary(each => each.Key, each => each.file);

    public ServerReflectionResponse Answer(ServerReflectionRequest request)
    {
        var response = new ServerReflectionResponse { ValidHost = request.Host, OriginalRequest = request };
        switch (request.MessageRequestCase)
        {
            case ServerReflectionRequest.MessageRequestOneofCase.ListServices:
                response.ListServicesResponse = new() { Service = { ListServices().Select(name => new ServiceResponse { Name = name }) } };
                break;
            case ServerReflectionRequest.MessageRequestOneofCase.FileByFilename:
                SetFile(Files.GetValueOrDefault(request.FileByFilename), request.FileByFilename);
                break;
            case ServerReflectionRequest.MessageRequestOneofCase.FileContainingSymbol:
                SetFile(Symbols.GetValueOrDefault(request.FileContainingSymbol), request.FileContainingSymbol);
                break;
            case ServerReflectionRequest.MessageRequestOneofCase.FileContainingExtension:
                var asked = request.FileContainingExtension;
                SetFile(
                    Extensions.GetValueOrDefault((asked.ContainingType, asked.ExtensionNumber)),
                    $"extension {asked.ExtensionNumber} of {asked.ContainingType}");
                break;
            case ServerReflectionRequest.MessageRequestOneofCase.AllExtensionNumbersOfType:
                SetNumbers(request.AllExtensionNumbersOfType);
                break;
            default:
                response.ErrorResponse = Error(StatusCode.InvalidArgument, "The request asks nothing.");
                break;
        }

        return response;

        void SetFile(FileDescriptor? file, string what)
        {
            if (file is null)
                response.ErrorResponse = Error(StatusCode.NotFound, $"{what} is not known here.");
            else
                response.FileDescriptorResponse = new()
                {
                    // The asked one first; read backwards, no file comes before what it imports.
                    FileDescriptorProto = { WithDependencies(file).DistinctBy(each => each.Name).Reverse().Select(each => each.SerializedData) },
                };
        }

        void SetNumbers(string type)
        {
            if (!Symbols.ContainsKey(type))
                response.ErrorResponse = Error(StatusCode.NotFound, $"{type} is not known here.");
            else
                response.AllExtensionNumbersResponse = new()
                {
                    BaseTypeName = type,
                    ExtensionNumber = { Extensions.Keys.Where(key => key.Type == type).Select(key => key.Number).Order() },
                };
        }
    }

    /// <summary>Those that are served, not all that are described.</summary>
    IEnumerable<string> ListServices() => endpoints.Endpoints
        .Select(endpoint => endpoint.Metadata.GetMetadata<GrpcMethodMetadata>()?.Method.ServiceName)
        .OfType<string>()
        .Distinct()
        .Order(StringComparer.Ordinal);

    static IEnumerable<FileDescriptor> WithDependencies(FileDescriptor file)
        => file.Dependencies.SelectMany(WithDependencies).Append(file);

    static IEnumerable<string> SymbolsOf(FileDescriptor file)
    {
        foreach (var service in file.Services)
        {
            yield return service.FullName;
            foreach (var method in service.Methods)
                yield return method.FullName;
        }

        foreach (var symbol in file.EnumTypes.SelectMany(SymbolsOf).Concat(file.MessageTypes.SelectMany(SymbolsOf)))
            yield return symbol;
        foreach (var extension in ExtensionsOf(file))
            yield return extension.FullName;
    }

    static IEnumerable<string> SymbolsOf(MessageDescriptor message)
        => message.Fields.InDeclarationOrder().Select(field => field.FullName)
            .Concat(message.Oneofs.Select(oneof => oneof.FullName))
            .Concat(message.EnumTypes.SelectMany(SymbolsOf))
            .Concat(message.NestedTypes.SelectMany(SymbolsOf))
            .Prepend(message.FullName);

    // In protobuf a value is its enum's sibling (attune.v1.WORKER_ROLE_HYBRID); the C# descriptor says otherwise.
    static IEnumerable<string> SymbolsOf(EnumDescriptor type)
        => type.Values.Select(value => type.FullName[..^type.Name.Length] + value.Name).Prepend(type.FullName);

    static IEnumerable<FieldDescriptor> ExtensionsOf(FileDescriptor file)
        => file.Extensions.UnorderedExtensions.Concat(file.MessageTypes.SelectMany(ExtensionsOf));

    static IEnumerable<FieldDescriptor> ExtensionsOf(MessageDescriptor message)
        => message.Extensions.UnorderedExtensions.Concat(message.NestedTypes.SelectMany(ExtensionsOf));

    static ErrorResponse Error(StatusCode code, string message) => new() { ErrorCode = (int)code, ErrorMessage = message };
}
