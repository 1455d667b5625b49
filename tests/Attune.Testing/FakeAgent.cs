using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Threading.Channels;
using Attune.V1;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Grpc.Net.Client;

namespace Attune.Testing;

/// <summary>Speaks the agents' wire as a real agent does, and does exactly what the test says and no more.</summary>
public sealed class FakeAgent : IAsyncDisposable
{
    readonly ECDsa key;
    readonly X509Certificate2 certificate;
    readonly WorkerService.WorkerServiceClient client;
    readonly Channel<ControlMessage> inbox = Channel.CreateUnbounded<ControlMessage>();
    AsyncDuplexStreamingCall<WorkerMessage, ControlMessage>? call;

    // The welcome may share its message with the first items, and they are there to be taken like any others.
    ControlMessage? besideWelcome;
    Task reading = Task.CompletedTask;

    FakeAgent(GrpcChannel channel, string name, ECDsa key, X509Certificate2 certificate)
    {
        (Name, this.key, this.certificate) = (name, key, certificate);
        client = new(channel.Intercept(new SigningInterceptor(this)));
    }

    public string Name { get; }

    /// <summary>A new one stands for a new disk.</summary>
    public string SpoolId { get; set; } = Guid.NewGuid().ToString();

    public int Slots { get; set; } = 4;

    public int ProtocolVersion { get; set; } = 1;

    public WorkerRole Role { get; set; } = WorkerRole.Action;

    public Dictionary<string, string> Labels { get; } = [];

    public Dictionary<string, string> Runtimes { get; } = new() { ["core.native"] = "", ["core.shell"] = "5.2.15" };

    public Dictionary<long, ActionSpec> Specs { get; } = [];

    public Welcome? Welcome { get; private set; }

    /// <summary>Joins with a token that the operator makes.</summary>
    public static async Task<FakeAgent> JoinAsync(GrpcChannel channel, string name, string joinToken, CancellationToken ct)
    {
        var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        var enrolled = await new WorkerService.WorkerServiceClient(channel).EnrollAsync(
            new()
            {
                JoinToken = joinToken,
                Name = name,
                Role = WorkerRole.Action,
                CertificateRequest = ByteString.CopyFrom(request.CreateSigningRequest()),
            },
            cancellationToken: ct);
        return new(channel, name, key, X509Certificate2.CreateFromPem(enrolled.Certificate));
    }

    /// <summary>The same agent at another replica.</summary>
    public FakeAgent On(GrpcChannel channel)
    {
        var same = new FakeAgent(channel, Name, key, certificate) { SpoolId = SpoolId, Slots = Slots, Role = Role };
        foreach (var (runtime, version) in Runtimes)
            same.Runtimes[runtime] = version;
        foreach (var (label, value) in Labels)
            same.Labels[label] = value;
        return same;
    }

    /// <summary>Opens a session and waits for its welcome.</summary>
    public async Task<ControlMessage> ConnectAsync(CancellationToken ct, params HeldExecution[] held)
    {
        besideWelcome = null;
        call = client.Connect(cancellationToken: CancellationToken.None);
        reading = ReadAsync(call);
        var hello = new Hello
        {
            ProtocolVersion = ProtocolVersion,
            AgentVersion = "test",
            Name = Name,
            Role = Role,
            Type = WorkerType.Remote,
            Slots = Slots,
            SpoolId = SpoolId,
            Held = { held },
        };
        hello.Labels.Add(Labels);
        hello.Runtimes.Add(Runtimes.Select(each => new FoundRuntime { RuntimeRef = each.Key, Version = each.Value, Path = "" }));
        await SendAsync(new() { Hello = hello }, ct);
        var first = await NextAsync(ct);
        Welcome = first.Welcome;
        besideWelcome = first.Items.Count + first.Acks.Count + first.Cancels.Count > 0 ? first : null;
        return first;
    }

    public Task SendAsync(WorkerMessage message, CancellationToken ct) => call!.RequestStream.WriteAsync(message, ct);

    /// <summary>The next message; <see cref="Specs"/> is kept up by itself.</summary>
    public async Task<ControlMessage> NextAsync(CancellationToken ct)
        => Interlocked.Exchange(ref besideWelcome, null) ?? await inbox.Reader.ReadAsync(ct);

    /// <summary>Skips messages until one fits.</summary>
    public async Task<ControlMessage> NextAsync(Func<ControlMessage, bool> wanted, CancellationToken ct)
    {
        while (true)
        {
            var message = await NextAsync(ct);
            if (wanted(message))
                return message;
        }
    }

    public async Task<WorkItem> NextItemAsync(CancellationToken ct)
        => (await NextAsync(message => message.Items.Count > 0, ct)).Items[0];

    /// <summary>The next list of sensors that fits.</summary>
    public async Task<IReadOnlyList<SensorAssignment>> NextSensorsAsync(Func<IReadOnlyList<SensorAssignment>, bool> wanted, CancellationToken ct)
        => (await NextAsync(message => message.Sensors is { } list && wanted(list.Sensors), ct)).Sensors.Sensors;

    /// <summary>The next list that has this sensor, and the sensor in it.</summary>
    public async Task<SensorAssignment> NextSensorAsync(string sensorRef, CancellationToken ct)
        => (await NextSensorsAsync(list => list.Any(sensor => sensor.SensorRef == sensorRef), ct)).First(sensor => sensor.SensorRef == sensorRef);

    /// <summary>The next acknowledgement of events up to this one.</summary>
    public async Task<SensorEventAck> NextEventAckAsync(long throughSequence, CancellationToken ct)
        => (await NextAsync(message => message.SensorEventAck is { } ack && ack.ThroughSequence >= throughSequence, ct)).SensorEventAck;

    public Task EmitAsync(CancellationToken ct, params SensorEvent[] events) => SendAsync(new() { SensorEvents = { events } }, ct);

    /// <summary>As the process of a sensor that it was given.</summary>
    public Task ReportAsync(SensorAssignment sensor, SensorProcessState state, CancellationToken ct, int failuresInRow = 0, string lastError = "")
        => SendAsync(
            new()
            {
                SensorReports =
                {
                    new SensorReport
                    {
                        SensorRef = sensor.SensorRef,
                        Generation = sensor.Generation,
                        State = state,
                        StartedAt = state is SensorProcessState.Running ? TimeProvider.System.GetUtcNow().ToTimestamp() : null,
                        FailuresInRow = failuresInRow,
                        LastError = lastError,
                    },
                },
            },
            ct);

    public Task LogAsync(string sensorRef, CancellationToken ct, params string[] lines)
    {
        var log = new SensorLog { SensorRef = sensorRef };
        log.Lines.Add(lines.Select(line => new SensorOutputLine { Time = TimeProvider.System.GetUtcNow().ToTimestamp(), Text = line }));
        return SendAsync(new() { SensorLogs = { log } }, ct);
    }

    /// <summary>Answers every item with `completed` at once, in bulk, until the stream ends.</summary>
    public async Task CompleteEverythingAsync(TimeProvider clock, CancellationToken ct)
    {
        await foreach (var message in inbox.Reader.ReadAllAsync(ct))
        {
            if (message.Items.Count == 0)
                continue;
            var now = clock.GetUtcNow().ToTimestamp();
            var answer = new WorkerMessage();
            foreach (var item in message.Items)
            {
                answer.Finished.Add(new Finished
                {
                    ExecutionId = item.ExecutionId,
                    Attempt = item.Attempt,
                    Outcome = Outcome.Completed,
                    StartedAt = now,
                    FinishedAt = now,
                });
            }

            await SendAsync(answer, ct);
        }
    }

    public Task FinishAsync(WorkItem item, Outcome outcome, CancellationToken ct, string result = "", string reason = "")
        => SendAsync(
            new()
            {
                Finished =
                {
                    new Finished
                    {
                        ExecutionId = item.ExecutionId,
                        Attempt = item.Attempt,
                        Outcome = outcome,
                        Result = ByteString.CopyFromUtf8(result),
                        Error = reason is "" ? null : new() { Reason = reason, Message = reason },
                    },
                },
            },
            ct);

    /// <summary>Drops the stream without a word, as a network does.</summary>
    public async Task DropAsync()
    {
        call?.Dispose();
        await reading;
    }

    /// <summary>Ends the stream as an agent that stops.</summary>
    public async Task LeaveAsync(CancellationToken ct)
    {
        await SendAsync(new() { Drain = new() { Reason = "stopping" } }, ct);
        await call!.RequestStream.CompleteAsync();
        await reading;
    }

    public async ValueTask DisposeAsync()
    {
        await DropAsync();
        key.Dispose();
        certificate.Dispose();
    }

    async Task ReadAsync(AsyncDuplexStreamingCall<WorkerMessage, ControlMessage> session)
    {
        try
        {
            await foreach (var message in session.ResponseStream.ReadAllAsync(CancellationToken.None))
            {
                foreach (var spec in message.Specs)
                    Specs[spec.SpecId] = spec;
                if (message is { Welcome: not null, Sensors: { } sensors })
                {
                    // One message on the wire; a test waits for its welcome and for its sensors.
                    message.Sensors = null;
                    await inbox.Writer.WriteAsync(message, CancellationToken.None);
                    await inbox.Writer.WriteAsync(new() { Sensors = sensors }, CancellationToken.None);
                    continue;
                }

                await inbox.Writer.WriteAsync(message, CancellationToken.None);
            }
        }
        catch (Exception exception) when (exception is RpcException or OperationCanceledException or ObjectDisposedException)
        {
            // The session is over.
        }
    }

    string Sign(string method)
    {
        var der = certificate.RawData;
        var seconds = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();
        var text = string.Create(
            CultureInfo.InvariantCulture, $"attune-agent v1\n{method}\n{seconds}\n{Convert.ToHexStringLower(SHA256.HashData(der))}");
        var signature = key.SignData(Encoding.UTF8.GetBytes(text), HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
        return $"v1.{Base64Url.EncodeToString(der)}.{seconds}.{Base64Url.EncodeToString(signature)}";
    }

    sealed class SigningInterceptor(FakeAgent agent) : Interceptor
    {
        public override AsyncDuplexStreamingCall<TRequest, TResponse> AsyncDuplexStreamingCall<TRequest, TResponse>(
            ClientInterceptorContext<TRequest, TResponse> context,
            AsyncDuplexStreamingCallContinuation<TRequest, TResponse> continuation)
        {
            var headers = new Metadata { { "attune-agent", agent.Sign(context.Method.FullName) } };
            return continuation(new(context.Method, context.Host, context.Options.WithHeaders(headers)));
        }
    }
}
