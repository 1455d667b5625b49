using System.Net.Sockets;
using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace Attune.Agent.Status;

/// <summary>Answers each connection to a socket in the state directory, which only the agent's user may open, with the present report.</summary>
sealed partial class StatusSocket(string stateDirectory, TimeProvider clock, ILogger<StatusSocket> logger)
{
    public static string PathIn(string stateDirectory) => Path.Combine(stateDirectory, "status.sock");

    public async Task RunAsync(StatusOfAgent status, CancellationToken ct)
    {
        var path = PathIn(stateDirectory);
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            File.Delete(path);
            listener.Bind(new UnixDomainSocketEndPoint(path));
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            listener.Listen(8);
        }
        catch (Exception failure) when (failure is SocketException or IOException or UnauthorizedAccessException or ArgumentException)
        {
            LogNoSocket(failure.Message);
            return;
        }

        while (!ct.IsCancellationRequested)
        {
            try
            {
                using var asking = await listener.AcceptAsync(ct);
                await asking.SendAsync(status.Read(clock.GetUtcNow()).ToJson(), ct);
                asking.Shutdown(SocketShutdown.Both);
            }
            catch (Exception failure) when (failure is SocketException or OperationCanceledException)
            {
                // Whoever asked has gone, or the agent stops.
            }
        }

        File.Delete(path);
    }

    /// <summary>Null when no agent runs with that state directory.</summary>
    public static async Task<StatusReport?> AskAsync(string stateDirectory, CancellationToken ct)
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(PathIn(stateDirectory)), ct);
        }
        catch (SocketException failure) when (failure.SocketErrorCode is not SocketError.AccessDenied)
        {
            return null;
        }

        await using var stream = new NetworkStream(socket);
        return await JsonSerializer.DeserializeAsync(stream, StatusJson.Default.StatusReport, ct);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "`attune-agent status` will not find this agent: its socket could not be made ({Reason})")]
    partial void LogNoSocket(string reason);
}
