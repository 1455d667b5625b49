using System.CommandLine;
using Attune.Cli.Configuration;
using Grpc.Core;

namespace Attune.Cli;

static class CommandExtensions
{
    public static Command With(this Command command, params IEnumerable<Symbol> parts)
    {
        foreach (var part in parts)
        {
            switch (part)
            {
                case Argument argument:
                    command.Add(argument);
                    break;
                case Option option:
                    command.Add(option);
                    break;
                case Command subcommand:
                    command.Add(subcommand);
                    break;
            }
        }

        return command;
    }

    public static Command Does(this Command command, Func<Invocation, CancellationToken, Task> body)
        => command.Does(async (run, ct) =>
        {
            await body(run, ct);
            return ExitCode.Ok;
        });

    /// <summary>Gives the command its body. Whatever ends it becomes a message on stderr and an exit code here, and only here.</summary>
    public static Command Does(this Command command, Func<Invocation, CancellationToken, Task<int>> body)
    {
        command.SetAction(async (parsed, ct) =>
        {
            using var run = new Invocation(parsed);
            try
            {
                return await body(run, ct);
            }
            catch (OperationCanceledException)
            {
                return ExitCode.Interrupted;
            }
            catch (RpcException) when (ct.IsCancellationRequested)
            {
                return ExitCode.Interrupted;
            }
            catch (RpcException failure)
            {
                return FailureText.Write(run.Terminal, failure, ConnectionOf(run), parsed.GetValue(GlobalOptions.Verbose));
            }
            catch (CommandFailure failure)
            {
                return FailureText.Write(run.Terminal, failure);
            }
            catch (IOException closed) when (closed.HResult is BrokenPipe)
            {
                return ExitCode.Ok;
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                return FailureText.Write(run.Terminal, new CommandFailure(failure.Message));
            }
            catch (Exception unforeseen)
            {
                var trace = parsed.GetValue(GlobalOptions.Verbose) ? unforeseen.ToString() : unforeseen.Message;
                return FailureText.Write(run.Terminal, new CommandFailure(
                    $"This is a mistake in attune itself: {trace}", "Please report it, with what --verbose says.", ExitCode.Bug));
            }
        });
        return command;
    }

    // EPIPE on Linux: whoever read our output (head, less) has had enough, which is no failure.
    const int BrokenPipe = 32;

    static Connection? ConnectionOf(Invocation run)
    {
        try
        {
            return run.Connection;
        }
        catch (CommandFailure)
        {
            return null;
        }
    }
}
