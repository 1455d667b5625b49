using System.CommandLine;
using Attune.Cli.Configuration;
using Attune.Cli.Output;
using Attune.Cli.Terminals;
using Attune.Engine.Schemas;
using Attune.Protos.Client;

namespace Attune.Cli;

/// <summary>One run of one command: its options, where it answers, and the server it speaks with once it has to.</summary>
sealed class Invocation : IDisposable
{
    readonly ParseResult parsed;
    AttuneClient? client;

    public Invocation(ParseResult parsed)
    {
        this.parsed = parsed;
        Terminal = Terminal.Open(parsed.GetValue(GlobalOptions.NoColour), Environment.GetEnvironmentVariable);
        Quiet = parsed.GetValue(GlobalOptions.Quiet);
        Answer = new(Terminal, GlobalOptions.Format(parsed), Quiet);
        Prompt = new(Terminal);
        Progress = new(Terminal, Quiet);
        Configuration = new(ConfigurationFile.DefaultPath(Environment.GetEnvironmentVariable), Terminal.Error);
    }

    public TimeProvider Clock { get; } = TimeProvider.System;
    public Terminal Terminal { get; }
    public Answer Answer { get; }
    public Prompt Prompt { get; }
    public Progress Progress { get; }
    public ConfigurationFile Configuration { get; }
    public bool Quiet { get; }

    public Connection Connection => field ??= Connection.Resolve(
        Configuration.Read(),
        parsed.GetValue(GlobalOptions.Server),
        parsed.GetValue(GlobalOptions.Profile),
        Environment.GetEnvironmentVariable);

    public AttuneClient Client => client ??= Connect(Existing(), Connection.Credentials(Configuration, Clock));

    public string Get(Argument<string> argument) => parsed.GetRequiredValue(argument);

    public T? Get<T>(Argument<T> argument) => parsed.GetValue(argument);

    public T? Get<T>(Option<T> option) => parsed.GetValue(option);

    public bool IsGiven(Option option) => parsed.GetResult(option) is { Implicit: false };

    public static AttuneClient Connect(Connection connection, AttuneCredentials? credentials)
    {
        try
        {
            return new(connection.Options(credentials));
        }
        catch (ArgumentException wrong)
        {
            throw new CommandFailure(wrong.Message, "Name the server with --server URL, ATTUNE_SERVER, or `attune login --server URL`.");
        }
        catch (IOException absent)
        {
            throw new CommandFailure($"The file of certificate authorities cannot be read: {absent.Message}");
        }
    }

    // A misspelled profile must not end up at another server, or nobody's.
    Connection Existing()
        => Connection.ProfileExists
            ? Connection
            : throw new CommandFailure(
                $"There is no profile '{Connection.ProfileName}'.{NearestName.Suggest(Connection.ProfileName, Configuration.Read().ByName.Keys)}",
                $"`attune login --profile {Connection.ProfileName}` makes it.");

    public void Dispose() => client?.Dispose();
}
