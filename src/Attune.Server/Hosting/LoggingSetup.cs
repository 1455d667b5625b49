using Microsoft.Extensions.Options;
using Serilog;
using Serilog.Events;
using Serilog.Filters;
using Serilog.Formatting.Json;

namespace Attune.Server.Hosting;

public enum LogFormat
{
    Text,
    Json,
}

public sealed class LoggingOptions
{
    public const string Section = "Logging";

    public LogEventLevel Level { get; set; } = LogEventLevel.Information;

    public LogFormat Format { get; set; } = LogFormat.Text;
}

static class LoggingSetup
{
    static readonly Func<LogEvent, bool> FromCallHandler = Matching.FromSource("Grpc.AspNetCore.Server.ServerCallHandler");

    const string Line = "{Timestamp:yyyy-MM-dd'T'HH:mm:ss.fffzzz} {Level:u3} {SourceContext} {Message:lj}{NewLine}{Exception}";

    /// <summary>To standard output. The framework's own voice is kept to warnings.</summary>
    public static void AddAttuneLogging(this WebApplicationBuilder builder)
    {
        builder.Services.AddOptions<LoggingOptions>().BindConfiguration(LoggingOptions.Section);
        builder.Services.AddSingleton<ILoggerProvider>(provider => new Serilog.Extensions.Logging.SerilogLoggerProvider(
            CreateLogger(provider.GetRequiredService<IOptions<LoggingOptions>>().Value), dispose: true));
    }

    /// <summary>What is worth a line; where the lines go is not said here.</summary>
    internal static LoggerConfiguration Choose(LogEventLevel level) => new LoggerConfiguration()
        .MinimumLevel.Is(level)
        .MinimumLevel.Override("Microsoft", LogEventLevel.Warning)
        .MinimumLevel.Override("System", LogEventLevel.Warning)
        .MinimumLevel.Override("Npgsql", LogEventLevel.Warning)
        .MinimumLevel.Override("Grpc", LogEventLevel.Warning)
        // The command line says these to the operator in one line; a stack would bury it.
        .Filter.ByExcluding(entry => CommandLine.IsForOperators(entry.Exception))
        .Filter.ByExcluding(IsCallerGone);

    // A caller hung up before its request was read, which the framework takes for an error of the method. What a method of ours
    // throws never comes there as it is: ErrorInterceptor has turned it into a status.
    static bool IsCallerGone(LogEvent entry) => entry.Exception is IOException or OperationCanceledException && FromCallHandler(entry);

    static Serilog.Core.Logger CreateLogger(LoggingOptions options)
    {
        var configuration = Choose(options.Level);
        return options.Format is LogFormat.Json
            ? configuration.WriteTo.Console(new JsonFormatter()).CreateLogger()
            : configuration.WriteTo.Console(outputTemplate: Line, formatProvider: System.Globalization.CultureInfo.InvariantCulture).CreateLogger();
    }
}
