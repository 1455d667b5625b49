using Attune.Agent.Configuration;
using Attune.Agent.Joining;
using Attune.Agent.Session;
using Attune.Agent.Status;

var commandLine = CommandLine.Parse(args);
if (commandLine.Verb == CommandLine.Help)
{
    Console.Out.WriteLine(Usage.Text);
    return ExitCode.Stopped;
}

if (commandLine.Verb == CommandLine.Version)
{
    Console.Out.WriteLine($"attune-agent {AgentFacts.AgentVersion} (protocol {AgentFacts.ProtocolVersion})");
    return ExitCode.Stopped;
}

var environment = (string name) => Environment.GetEnvironmentVariable(name);
return commandLine.Verb switch
{
    CommandLine.Detect => await Inspect.DetectAsync(commandLine),
    CommandLine.Status => await Inspect.StatusAsync(commandLine, environment),
    _ => await RunAsync(),
};

async Task<int> RunAsync()
{
    if (!SettingsReader.TryRead(commandLine, environment, out var settings, out var errors))
        return Inspect.Refuse(errors);

    using var loggers = StderrLogging.Create(settings.LogLevel);
    using var signals = StopSignals.OfThisProcess();
    try
    {
        await new AgentProcess(settings, loggers, TimeProvider.System).RunAsync(signals);
        return ExitCode.Stopped;
    }
    catch (HopelessException hopeless)
    {
        Console.Error.WriteLine($"attune-agent: {hopeless.Message}");
        return hopeless.ExitCode;
    }
}
