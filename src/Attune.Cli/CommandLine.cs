using System.CommandLine;
using System.CommandLine.Invocation;
using Attune.Cli.Commands;
using Attune.Cli.Commands.Actions;
using Attune.Cli.Commands.Agents;
using Attune.Cli.Commands.Enforcements;
using Attune.Cli.Commands.Events;
using Attune.Cli.Commands.Executions;
using Attune.Cli.Commands.Inquiries;
using Attune.Cli.Commands.Packs;
using Attune.Cli.Commands.Rules;
using Attune.Cli.Commands.Runtimes;
using Attune.Cli.Commands.Sensors;
using Attune.Cli.Commands.Sessions;
using Attune.Cli.Commands.Tokens;
using Attune.Cli.Commands.Triggers;
using Attune.Cli.Commands.Users;
using Attune.Cli.Commands.Workers;
using Attune.Cli.Commands.Workflows;
using Attune.Cli.Completion;
using Attune.Cli.Terminals;
using Attune.Engine.Schemas;

namespace Attune.Cli;

/// <summary>The tree of commands: the table of contents of this program.</summary>
static class CommandLine
{
    // `@file` would be replaced by the file's words, which is not what a parameter that begins with @ means.
    static readonly ParserConfiguration parsing = new() { ResponseFileTokenReplacer = null };

    public static RootCommand Build()
    {
        var root = new RootCommand("Attune: run actions on any machine, from anywhere.");
        root.With(GlobalOptions.All);
        root.With(
            Login.Command(),
            Logout.Command(),
            WhoAmI.Command(),
            Run.Command(),
            Group("execution", "Executions: what ran, runs and will run", ListExecutions.Command(), ShowExecution.Command(),
                ExecutionLogs.Command(), WatchExecutions.Command(), CancelExecution.Command(), RerunExecution.Command(),
                WhyExecution.Command(), ShowTree.Command()),
            Group("workflow", "Workflows: actions made of actions", CheckWorkflow.Command(), DrawWorkflow.Command(), ShowWorkflow.Command(),
                PauseWorkflow.Command(), ResumeWorkflow.Command(), RerunTasks.Command(), EditTask.Command()),
            Group("inquiry", "Inquiries: what workflows ask people", ListInquiries.Command(), ShowInquiry.Command(), RespondInquiry.Command(),
                CancelInquiry.Command()),
            Group("event", "Events: what happened, and what rules made of it", EmitEvent.Command(), ListEvents.Command(), ShowEvent.Command()),
            Group("rule", "Rules: when this happens, do that", ListRules.Command(), ShowRule.Command(), CreateRule.Command(),
                UpdateRule.Command(), EnableRule.Command(), DisableRule.Command(), DeleteRule.Command(), TestRule.Command(),
                ReplayEvents.Command()),
            Group("enforcement", "Enforcements: which rule applied to which event", ListEnforcements.Command(), ShowEnforcement.Command()),
            Group("trigger", "Triggers: kinds of events", ListTriggers.Command(), ShowTrigger.Command(), CreateTrigger.Command(),
                DeleteTrigger.Command(), EnableTrigger.Command(), DisableTrigger.Command(),
                Group("webhook", "The address that events of a trigger may be sent to", EnableWebhook.Command(), DisableWebhook.Command(),
                    RotateWebhook.Command(), ShowWebhook.Command())),
            Group("sensor", "Sensors: programs that watch the world", ListSensors.Command(), ShowSensor.Command(), EnableSensor.Command(),
                DisableSensor.Command(), RestartSensor.Command(), SensorLogs.Command()),
            WatchFeed.Command(),
            Group("action", "Actions: what can be run", ListActions.Command(), ShowAction.Command()),
            Group("pack", "Packs: what actions come in", ListPacks.Command(), ShowPack.Command(), InstallPack.Command(),
                RemovePack.Command(), CheckPack.Command(), ListPackReleases.Command(), ListPackEnvironments.Command()),
            Group("runtime", "Runtimes: what actions run on", ListRuntimes.Command(), ShowRuntime.Command()),
            Group("worker", "Workers: the agents that run actions", ListWorkers.Command(), ShowWorker.Command(),
                DrainWorker.Command(), CordonWorker.Command(), UncordonWorker.Command()),
            Group("agent", "Letting new agents in",
                Group("token", "Join tokens: each lets one agent in", CreateJoinToken.Command(), ListJoinTokens.Command(),
                    RevokeJoinToken.Command())),
            Group("user", "Users and what they may do", CreateUser.Command(), ListUsers.Command(), ShowUser.Command(),
                UpdateUser.Command(), DeleteUser.Command(), SetPassword.Command(), GrantPermissionSet.Command(),
                RevokePermissionSet.Command()),
            Group("token", "API tokens, for programs", CreateToken.Command(), ListTokens.Command(), RevokeToken.Command()),
            Group("permission-set", "Permission sets: what users can be granted", ListPermissionSets.Command()),
            ShowStatus.Command(),
            ShowVersion.Command(),
            CompletionCommand.Command());
        return root;
    }

    public static async Task<int> RunAsync(string[] args, CancellationToken ct)
    {
        if (args is [CompleteCommand.Name, ..])
            return await CompleteCommand.RunAsync(args[1..], ct);

        var parsed = Build().Parse(args, parsing);
        if (parsed.Action is ParseErrorAction)
            return Refuse(parsed);

        // Signals are Interrupt's, failures are Does's.
        return await parsed.InvokeAsync(new() { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null }, ct);
    }

    static Command Group(string name, string description, params Command[] commands) => new Command(name, description).With(commands);

    static int Refuse(ParseResult parsed)
    {
        var command = parsed.CommandResult.Command;
        var path = string.Join(' ', Path(command));
        if (command.Subcommands.Count > 0 && parsed.UnmatchedTokens.Count is 0)
        {
            command.Parse("--help", parsing).Invoke(new() { Output = Console.Error });
            return ExitCode.Usage;
        }

        return FailureText.Write(
            Terminal.Open(parsed.GetResult(GlobalOptions.NoColour) is not null, Environment.GetEnvironmentVariable),
            UsageOf(parsed, command, path));
    }

    static CommandFailure UsageOf(ParseResult parsed, Command command, string path)
    {
        var unknown = parsed.UnmatchedTokens is [var first, ..] ? first : null;
        if (unknown is null)
            return new(string.Join(' ', parsed.Errors.Select(error => error.Message)), $"`{path} --help` shows what it takes.");

        var known = unknown.StartsWith('-')
            ? command.Options.Concat(GlobalOptions.All).Where(option => !option.Hidden).Select(option => option.Name)
            : command.Subcommands.Where(each => !each.Hidden).Select(each => each.Name);
        var kind = unknown.StartsWith('-') ? "option" : command.Subcommands.Count > 0 ? "command" : "argument";
        // The beginning of one is more telling than any likeness.
        var names = known.ToList();
        var nearest = names.FindAll(name => name.StartsWith(unknown, StringComparison.Ordinal)) is [var only]
            ? only
            : NearestName.Find(unknown, names);
        return new(
            $"`{path}` has no {kind} '{unknown}'.{(nearest is null ? "" : $" Did you mean '{nearest}'?")}",
            $"`{path} --help` shows what it takes.");
    }

    static Stack<string> Path(Command command)
    {
        var names = new Stack<string>();
        for (var each = command; each is not null; each = each.Parents.OfType<Command>().FirstOrDefault())
            names.Push(each is RootCommand ? "attune" : each.Name);
        return names;
    }
}
