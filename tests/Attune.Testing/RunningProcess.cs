using System.Collections;
using System.Diagnostics;
using System.Text;

namespace Attune.Testing;

/// <summary>A real child process with its output at hand. It and its own children are killed when the test is done with it.</summary>
public sealed class RunningProcess : IAsyncDisposable
{
    readonly Process process;
    readonly StringBuilder output = new();
    readonly StringBuilder errors = new();
    readonly StringBuilder both = new();
    readonly Task reading;

    RunningProcess(Process process)
    {
        this.process = process;
        reading = Task.WhenAll(ReadAsync(process.StandardOutput, output), ReadAsync(process.StandardError, errors));
    }

    public int Id => process.Id;

    public bool HasExited => process.HasExited;

    public string Output => Text(output);

    public string Errors => Text(errors);

    /// <summary>Output and errors as they came.</summary>
    public string Both => Text(both);

    /// <param name="file">The program.</param>
    /// <param name="args">Its arguments.</param>
    /// <param name="environment">Added to ours, of which no ATTUNE_ variable is passed on.</param>
    /// <param name="input">All that it reads on its standard input; null is an empty one.</param>
    public static RunningProcess Start(
        string file, IEnumerable<string> args, IReadOnlyDictionary<string, string>? environment = null, string? input = null)
    {
        var start = new ProcessStartInfo(file, args)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var name in Environment.GetEnvironmentVariables().Cast<DictionaryEntry>().Select(each => (string)each.Key))
        {
            if (name.StartsWith("ATTUNE_", StringComparison.Ordinal))
                start.Environment.Remove(name);
        }

        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
            start.Environment[name] = value;

        var process = Process.Start(start)!;
        process.StandardInput.Write(input);
        process.StandardInput.Close();
        return new(process);
    }

    /// <summary>Runs on until the text has been printed.</summary>
    public async Task UntilPrintedAsync(string text, CancellationToken ct)
    {
        await Waiting.UntilAsync(() => Both.Contains(text, StringComparison.Ordinal) || HasExited, $"'{text}' in:\n{Both}", ct);
        if (!Both.Contains(text, StringComparison.Ordinal))
            throw new InvalidOperationException($"It ended with {process.ExitCode} and never printed '{text}':\n{Both}");
    }

    /// <returns>The exit code, once all output has been read.</returns>
    public async Task<int> ExitAsync(CancellationToken ct)
    {
        await process.WaitForExitAsync(ct);
        await reading.WaitAsync(ct);
        return process.ExitCode;
    }

    /// <summary>Asks it to end, as an operator or systemd would.</summary>
    public Task<int> TerminateAsync(CancellationToken ct) => SignalAsync("TERM", ct);

    /// <summary>As Ctrl-C does, though to this process only.</summary>
    public Task<int> InterruptAsync(CancellationToken ct) => SignalAsync("INT", ct);

    /// <summary>SIGKILL to it alone: its children live on, as after a real crash.</summary>
    public async Task<int> KillAsync(CancellationToken ct)
    {
        process.Kill();
        return await ExitAsync(ct);
    }

    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited)
            process.Kill(entireProcessTree: true);
        await process.WaitForExitAsync(CancellationToken.None);
        process.Dispose();
    }

    async Task<int> SignalAsync(string signal, CancellationToken ct)
    {
        using var kill = Process.Start("sh", ["-c", $"kill -{signal} {process.Id}"]);
        await kill.WaitForExitAsync(ct);
        return await ExitAsync(ct);
    }

    async Task ReadAsync(StreamReader reader, StringBuilder own)
    {
        var buffer = new char[4096];
        while (await reader.ReadAsync(buffer) is > 0 and var count)
        {
            lock (both)
            {
                own.Append(buffer, 0, count);
                both.Append(buffer, 0, count);
            }
        }
    }

    string Text(StringBuilder text)
    {
        lock (both)
            return text.ToString();
    }
}
