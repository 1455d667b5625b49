using System.Globalization;
using System.Text;
using Microsoft.Extensions.Logging;

namespace Attune.Agent.Status;

/// <summary>
/// One line on standard error for each message. Under systemd (which sets JOURNAL_STREAM) a line begins with its priority, and the
/// journal adds the time; elsewhere it begins with the time.
/// </summary>
sealed class StderrLogging(LogLevel least, TextWriter output, TimeProvider clock, bool toJournal) : ILoggerFactory
{
    readonly Lock gate = new();
    readonly LogLevel least = least;

    public static StderrLogging Create(LogLevel least) => new(
        least, Console.Error, TimeProvider.System, Environment.GetEnvironmentVariable("JOURNAL_STREAM") is { Length: > 0 });

    public ILogger CreateLogger(string categoryName) => new Category(this, categoryName[(categoryName.LastIndexOf('.') + 1)..]);

    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException("The agent logs to standard error only.");

    public void Dispose()
    {
    }

    void Write(LogLevel level, string category, string message, Exception? exception)
    {
        var line = new StringBuilder();
        if (toJournal)
            line.Append('<').Append(Priority(level)).Append('>');
        else
            line.Append(clock.GetUtcNow().ToString("yyyy-MM-dd HH:mm:ss.fff'Z' ", CultureInfo.InvariantCulture)).Append(Word(level)).Append(' ');
        line.Append(category).Append(": ").Append(message.ReplaceLineEndings(" "));
        if (exception is not null)
            line.Append(" | ").Append(exception.ToString().ReplaceLineEndings(" | "));

        lock (gate)
            output.WriteLine(line);
    }

    static char Priority(LogLevel level) => level switch
    {
        LogLevel.Critical => '2',
        LogLevel.Error => '3',
        LogLevel.Warning => '4',
        LogLevel.Information => '6',
        _ => '7',
    };

    static string Word(LogLevel level) => level switch
    {
        LogLevel.Critical => "CRIT",
        LogLevel.Error => "ERR ",
        LogLevel.Warning => "WARN",
        LogLevel.Information => "INFO",
        _ => "DBG ",
    };

    sealed class Category(StderrLogging owner, string name) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull
            => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= owner.least && logLevel != LogLevel.None;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
                owner.Write(logLevel, name, formatter(state, exception), exception);
        }
    }
}
