namespace Attune.Server.Hosting.Health;

/// <summary>`GET /healthz`: 200 while this replica can serve, 503 while it cannot. For balancers that speak no gRPC.</summary>
static class HealthHttp
{
    public const string Path = "/healthz";

    public static Task AnswerAsync(HttpContext context)
    {
        if (!HttpMethods.IsGet(context.Request.Method) && !HttpMethods.IsHead(context.Request.Method))
        {
            context.Response.Headers.Allow = "GET, HEAD";
            return HttpAnswer.FailAsync(context, StatusCodes.Status405MethodNotAllowed, "METHOD_NOT_ALLOWED", "Only GET is answered here.");
        }

        return context.RequestServices.GetRequiredService<HealthState>().IsServing
            ? HttpAnswer.WriteAsync(context, StatusCodes.Status200OK, writer => writer.WriteString("status", "ok"))
            : HttpAnswer.FailAsync(
                context, StatusCodes.Status503ServiceUnavailable, "UNAVAILABLE", "The database is away, or this server is stopping.");
    }
}
