using Grpc.Core;

namespace Attune.Compat.Tests.Units;

public sealed class StatusTests
{
    static readonly InvalidOperationException Cause = new("cause");

    [Fact]
    public void A_status_describes_itself()
    {
        Assert.Equal(
            "Status(StatusCode=\"NotFound\", Detail=\"no such pack\")",
            new Status(StatusCode.NotFound, "no such pack").ToString());
        Assert.Equal(
            "Status(StatusCode=\"Internal\", Detail=\"d\", DebugException=\"System.InvalidOperationException: cause\")",
            new Status(StatusCode.Internal, "d", Cause).ToString());
    }

    [Fact]
    public void A_status_is_a_value()
    {
        Assert.Equal(new Status(StatusCode.Aborted, "x"), new Status(StatusCode.Aborted, "x"));
        Assert.NotEqual(new Status(StatusCode.Aborted, "x"), new Status(StatusCode.Aborted, "y"));
        Assert.NotEqual(new Status(StatusCode.Aborted, "x"), new Status(StatusCode.Aborted, "x", Cause));
        Assert.Equal(new Status(StatusCode.OK, ""), Status.DefaultSuccess);
        Assert.Equal(new Status(StatusCode.Cancelled, ""), Status.DefaultCancelled);
        Assert.Equal(StatusCode.OK, default(Status).StatusCode);
    }

    [Fact]
    public void The_codes_have_the_numbers_of_the_protocol() => Assert.Equal(
        "OK Cancelled Unknown InvalidArgument DeadlineExceeded NotFound AlreadyExists PermissionDenied ResourceExhausted " +
        "FailedPrecondition Aborted OutOfRange Unimplemented Internal Unavailable DataLoss Unauthenticated",
        string.Join(' ', Enumerable.Range(0, 17).Select(code => (StatusCode)code)));

    [Fact]
    public void An_exception_carries_status_trailers_and_cause()
    {
        var status = new Status(StatusCode.Internal, "d", Cause);
        var trailers = new Metadata { { "k", "v" } };

        var exception = new RpcException(status, trailers);

        Assert.Equal(status, exception.Status);
        Assert.Equal(StatusCode.Internal, exception.StatusCode);
        Assert.Same(trailers, exception.Trailers);
        Assert.Same(Cause, exception.InnerException);
        Assert.Equal(status.ToString(), exception.Message);
    }

    [Fact]
    public void A_message_replaces_only_the_text_of_the_exception()
    {
        var status = new Status(StatusCode.Internal, "d");

        Assert.Equal(("m", "d"), (new RpcException(status, "m").Message, new RpcException(status, "m").Status.Detail));
        Assert.Equal("m", new RpcException(status, new Metadata(), "m").Message);
        Assert.Empty(new RpcException(status, "m").Trailers);
        Assert.Empty(new RpcException(status).Trailers);
        Assert.Throws<ArgumentNullException>(() => new RpcException(status, (Metadata)null!));
    }
}
