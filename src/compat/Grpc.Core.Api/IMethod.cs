namespace Grpc.Core;

/// <summary>A remote method, whatever its messages.</summary>
public interface IMethod
{
    MethodType Type { get; }

    /// <summary>With its package: <c>attune.v1.WorkerService</c>.</summary>
    string ServiceName { get; }

    string Name { get; }

    /// <summary>The path on the wire: <c>/attune.v1.WorkerService/Connect</c>.</summary>
    string FullName { get; }
}
