using System.Buffers;
using System.Text;
using System.Text.Json;
using Attune.V1;

namespace Attune.Server.Dispatch;

/// <summary>`execution.error` as jsonb: the fields of ExecutionError in the protos.</summary>
static class ErrorJson
{
    public static string Write(ExecutionError error)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteString("reason", error.Reason);
            writer.WriteString("message", Clean(error.Message));
            if (error.HasExitCode)
                writer.WriteNumber("exit_code", error.ExitCode);
            if (error.Signal is not "")
                writer.WriteString("signal", error.Signal);
            if (error.StderrTail is not "")
                writer.WriteString("stderr_tail", Clean(error.StderrTail));
            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    public static ExecutionError? Read(string? json)
    {
        if (json is null)
            return null;

        using var document = JsonDocument.Parse(json);
        var root = document.RootElement;
        var error = new ExecutionError
        {
            Reason = Text(root, "reason"),
            Message = Text(root, "message"),
            Signal = Text(root, "signal"),
            StderrTail = Text(root, "stderr_tail"),
        };
        if (root.TryGetProperty("exit_code", out var exitCode) && exitCode.TryGetInt32(out var code))
            error.ExitCode = code;
        return error;
    }

    static string Text(JsonElement root, string name)
        => root.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.String ? value.GetString() ?? "" : "";

    static string Clean(string text) => text.Contains('\0', StringComparison.Ordinal) ? text.Replace('\0', '\uFFFD') : text;
}
