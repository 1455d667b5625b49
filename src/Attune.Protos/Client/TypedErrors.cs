using Grpc.Core;

namespace Attune.Protos.Client;

/// <summary>Turns gRPC's failures into Attune's.</summary>
static class TypedErrors
{
    public static async Task<T> Of<T>(Task<T> answer)
    {
        try
        {
            return await answer;
        }
        catch (RpcException failure)
        {
            throw AttuneException.From(failure);
        }
    }
}

sealed class TypedErrorsReader<T>(IAsyncStreamReader<T> reader) : IAsyncStreamReader<T>
{
    public T Current => reader.Current;

    public Task<bool> MoveNext(CancellationToken cancellationToken) => TypedErrors.Of(reader.MoveNext(cancellationToken));
}
