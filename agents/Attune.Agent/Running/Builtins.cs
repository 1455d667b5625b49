using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using Attune.V1;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace Attune.Agent.Running;

/// <summary>Actions without a process: they measure the control plane and show that an agent listens.</summary>
static class Builtins
{
    const string Prefix = "builtin:";
    static readonly ByteString Masked = ByteString.CopyFromUtf8("\"***\"");

    public static bool TryRun(ActionSpec spec, WorkItem item, TimeProvider clock, [NotNullWhen(true)] out Finished? finished)
    {
        if (!spec.EntryPoint.StartsWith(Prefix, StringComparison.Ordinal))
        {
            finished = null;
            return false;
        }

        var now = Timestamp.FromDateTimeOffset(clock.GetUtcNow());
        finished = new Finished
        {
            ExecutionId = item.ExecutionId,
            Attempt = item.Attempt,
            Outcome = Outcome.Completed,
            StartedAt = now,
            FinishedAt = now,
        };
        switch (spec.EntryPoint)
        {
            case "builtin:noop":
                break;
            case "builtin:echo":
                finished.Result = spec.SecretParameters.Contains("message") ? Masked : Message(item.Parameters);
                break;
            default:
                finished.Outcome = Outcome.Failed;
                finished.Error = new ExecutionError { Reason = "START_FAILED", Message = $"This agent has no {spec.EntryPoint}." };
                break;
        }

        return true;
    }

    static ByteString Message(ByteString parameters)
    {
        if (parameters.IsEmpty)
        {
            return ByteString.Empty;
        }

        var reader = new Utf8JsonReader(parameters.Span);
        while (reader.Read())
        {
            if (reader is { TokenType: JsonTokenType.PropertyName, CurrentDepth: 1 } && reader.ValueTextEquals("message"u8))
            {
                reader.Read();
                var start = (int)reader.TokenStartIndex;
                reader.Skip();
                var value = parameters.Memory[start..(int)reader.BytesConsumed];
                return value.Span.IndexOf("\\u"u8) < 0 ? UnsafeByteOperations.UnsafeWrap(value) : Repaired(value);
            }
        }

        return ByteString.Empty;
    }

    static ByteString Repaired(ReadOnlyMemory<byte> value)
    {
        var clean = value.ToArray();
        JsonEscapes.Repair(clean);
        return UnsafeByteOperations.UnsafeWrap(clean);
    }
}
