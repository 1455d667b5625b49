using Attune.Agent.Sensors;
using Attune.Agent.Tests.Session;
using Attune.V1;
using Google.Protobuf;
using Microsoft.Extensions.Logging.Abstractions;

namespace Attune.Agent.Tests.Sensors;

public sealed class EventBufferTests : IDisposable
{
    readonly string folder = Directory.CreateTempSubdirectory("attune-events-").FullName;

    IEnumerable<FileInfo> Segments => new DirectoryInfo(folder).EnumerateFiles("*.events").OrderBy(each => each.Name);

    public void Dispose() => Directory.Delete(folder, recursive: true);

    EventBuffer Open(long limitBytes = 64 << 20, string? at = null)
        => EventBuffer.Open(at ?? folder, limitBytes, TimeProvider.System, NullLogger<EventBuffer>.Instance);

    static SensorEvent Event(int number, int bytes = 10) => new()
    {
        SensorRef = "test.sensor",
        TriggerRef = "test.trigger",
        IdempotencyKey = $"{number}",
        Payload = ByteString.CopyFrom(new byte[bytes]),
    };

    static Task AppendAsync(EventBuffer buffer, params IEnumerable<int> numbers)
        => buffer.AppendAsync([.. numbers.Select(number => Event(number))], Soon.Enough);

    /// <summary>Sequence and the number of the event, of all that may be sent now.</summary>
    static List<(long Sequence, string Number)> Send(EventBuffer buffer)
    {
        var sent = new List<(long, string)>();
        while (buffer.Next(int.MaxValue, out _) is { } next)
            sent.Add((next.Sequence, next.IdempotencyKey));
        return sent;
    }

    [Fact]
    public async Task Events_are_sent_in_order_and_count_from_one()
    {
        await using var buffer = Open();
        await AppendAsync(buffer, 1, 2);
        await AppendAsync(buffer, 3);

        Assert.Equal([(1, "1"), (2, "2"), (3, "3")], Send(buffer));
        Assert.Empty(Send(buffer));
        Assert.Equal(3, buffer.WaitingEvents);
    }

    [Fact]
    public async Task A_new_stream_begins_with_the_first_unacknowledged_event()
    {
        await using var buffer = Open();
        await AppendAsync(buffer, 1, 2, 3, 4);
        Send(buffer);
        Assert.Equal([1, 2], buffer.Acknowledge(2).Select(each => each.Sequence));

        buffer.Rewind();
        await AppendAsync(buffer, 5);

        Assert.Equal([(3, "3"), (4, "4"), (5, "5")], Send(buffer));
    }

    [Fact]
    public async Task The_next_process_sends_what_was_not_acknowledged_and_goes_on_counting()
    {
        await using (var buffer = Open())
        {
            await AppendAsync(buffer, 1, 2, 3);
            Send(buffer);
            buffer.Acknowledge(1);
        }

        await using var next = Open();
        Assert.Equal(2, next.WaitingEvents);
        await AppendAsync(next, 4);

        Assert.Equal([(2, "2"), (3, "3"), (4, "4")], Send(next));
    }

    [Fact]
    public async Task A_sequence_is_not_used_again_when_everything_was_acknowledged_and_the_process_restarts()
    {
        for (var life = 1; life <= 5; life++)
        {
            await using var buffer = Open();
            await AppendAsync(buffer, life);
            Assert.Equal([(life, $"{life}")], Send(buffer).Select(each => (each.Sequence, each.Number)));
            buffer.Acknowledge(life);
            Assert.Equal((0, 0), (buffer.WaitingEvents, buffer.WaitingBytes));
        }

        Assert.Single(Segments);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task After_a_torn_write_everything_before_it_counts_and_no_sequence_is_used_again(int seed)
    {
        var random = new Random(seed);
        var ends = new List<long> { 0 };
        await using (var buffer = Open())
        {
            for (var number = 1; number <= 40; number++)
            {
                await buffer.AppendAsync([Event(number, random.Next(300))], Soon.Enough);
                ends.Add(Segments.Single().Length);
            }
        }

        var bytes = await File.ReadAllBytesAsync(Segments.Single().FullName);
        for (var round = 0; round < 60; round++)
        {
            var length = random.Next(bytes.Length + 1);
            var copy = Directory.CreateTempSubdirectory("attune-events-copy-").FullName;
            await File.WriteAllBytesAsync(Path.Combine(copy, Segments.Single().Name), [.. bytes[..length], .. Garbage(random, round % 2 == 0 ? 30 : 0)]);
            await using (var recovered = Open(at: copy))
            {
                await AppendAsync(recovered, 1000);
                var sent = Send(recovered);
                var whole = ends.Count(end => end > 0 && end <= length);

                Assert.Equal(Enumerable.Range(1, whole).Select(number => ((long)number, $"{number}")), sent.SkipLast(1));
                Assert.Equal("1000", sent[^1].Number);
                Assert.True(sent[^1].Sequence > whole);
            }

            // And the start after that one sees the same.
            await using (var again = Open(at: copy))
                Assert.Equal(ends.Count(end => end > 0 && end <= length) + 1, Send(again).Count);
            Directory.Delete(copy, recursive: true);
        }
    }

    [Fact]
    public async Task A_damaged_event_in_the_middle_does_not_bring_used_sequences_back()
    {
        await using (var buffer = Open())
            await AppendAsync(buffer, Enumerable.Range(1, 50));
        var path = Segments.Single().FullName;
        var bytes = await File.ReadAllBytesAsync(path);
        bytes[bytes.Length / 2] ^= 4;
        await File.WriteAllBytesAsync(path, bytes);

        await using var recovered = Open();
        await AppendAsync(recovered, 1000);

        Assert.True(Send(recovered)[^1].Sequence > 50);
    }

    [Fact]
    public async Task Only_a_bounded_number_of_events_and_bytes_is_in_flight()
    {
        await using var buffer = Open();
        await AppendAsync(buffer, Enumerable.Range(1, 2500));
        Assert.Equal(1000, Send(buffer).Count);
        buffer.Acknowledge(300);
        Assert.Equal(300, Send(buffer).Count);
        buffer.Acknowledge(2500);
        Assert.Equal(1200, buffer.WaitingEvents);

        buffer.Rewind();
        var last = 2500L;
        while (Send(buffer) is { Count: > 0 } sent)
            buffer.Acknowledge(last = sent[^1].Sequence);
        await buffer.AppendAsync([.. Enumerable.Range(1, 8).Select(number => Event(number, 400 << 10))], Soon.Enough);

        Assert.Equal([last + 1, last + 2], Send(buffer).Select(each => each.Sequence));
    }

    [Fact]
    public async Task One_event_larger_than_the_window_travels_alone()
    {
        await using var buffer = Open();
        await buffer.AppendAsync([Event(1, (1 << 20) + 100), Event(2)], Soon.Enough);

        Assert.Equal("1", Assert.Single(Send(buffer)).Number);
        buffer.Acknowledge(1);
        Assert.Equal("2", Assert.Single(Send(buffer)).Number);
    }

    [Fact]
    public async Task Acknowledged_files_go_and_the_disk_holds_only_what_waits()
    {
        await using var buffer = Open(limitBytes: 1 << 20);
        for (var number = 1; number <= 200; number++)
        {
            await buffer.AppendAsync([Event(number, 40 << 10)], Soon.Enough);
            Assert.Equal(number, Assert.Single(Send(buffer)).Sequence);
            buffer.Acknowledge(number);
        }

        Assert.InRange(Segments.Sum(each => each.Length), 0, 400 << 10);
    }

    [Fact]
    public async Task A_full_buffer_makes_the_writer_wait_and_loses_nothing()
    {
        await using var buffer = Open(limitBytes: 1 << 20);
        var writing = Task.Run(async () =>
        {
            for (var number = 1; number <= 300; number++)
                await buffer.AppendAsync([Event(number, 40 << 10)], Soon.Enough);
        });
        await Soon.UntilAsync(() => buffer.IsFull);
        Assert.InRange(buffer.WaitingBytes, 900 << 10, 1 << 20);
        Assert.False(writing.IsCompleted);

        var numbers = new List<string>();
        while (numbers.Count < 300)
        {
            var sent = Send(buffer);
            numbers.AddRange(sent.Select(each => each.Number));
            if (sent.Count > 0)
                buffer.Acknowledge(sent[^1].Sequence);
            await Task.Yield();
        }

        await writing.WaitAsync(Soon.Enough);
        Assert.Equal(Enumerable.Range(1, 300).Select(number => $"{number}"), numbers);
        Assert.False(buffer.IsFull);
    }

    /// <summary>Random histories of writing, sending, acknowledging, new streams and new processes, against a list.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task Every_event_is_sent_until_it_is_acknowledged_and_each_sequence_means_one_event(int seed)
    {
        var random = new Random(seed);
        var meaning = new Dictionary<long, string>();
        var (written, acknowledged, sentThrough) = (0, 0L, 0L);
        var buffer = Open(limitBytes: 1 << 30);
        for (var step = 0; step < 300; step++)
        {
            switch (random.Next(6))
            {
                case 0 or 1:
                    var count = random.Next(1, 30);
                    await buffer.AppendAsync([.. Enumerable.Range(written + 1, count).Select(number => Event(number, random.Next(20_000)))], Soon.Enough);
                    written += count;
                    break;
                case 2 or 3:
                    foreach (var (sequence, number) in Send(buffer))
                    {
                        Assert.Equal(sentThrough + 1, sequence);
                        sentThrough = sequence;
                        Assert.True(meaning.TryAdd(sequence, number) || meaning[sequence] == number);
                    }

                    break;
                case 4 when sentThrough > acknowledged:
                    acknowledged = random.NextInt64(acknowledged, sentThrough + 1);
                    buffer.Acknowledge(acknowledged);
                    break;
                case 5 when random.Next(4) == 0:
                    await buffer.DisposeAsync();
                    buffer = Open(limitBytes: 1 << 30);
                    sentThrough = acknowledged;
                    break;
                default:
                    buffer.Rewind();
                    sentThrough = acknowledged;
                    break;
            }

            Assert.Equal(written - acknowledged, buffer.WaitingEvents);
        }

        buffer.Rewind();
        while (Send(buffer) is { Count: > 0 } rest)
        {
            foreach (var (sequence, number) in rest)
                meaning[sequence] = number;
            buffer.Acknowledge(rest[^1].Sequence);
        }

        Assert.Equal(Enumerable.Range(1, written).Select(number => $"{number}"), meaning.OrderBy(each => each.Key).Select(each => each.Value));
        await buffer.DisposeAsync();
    }

    static byte[] Garbage(Random random, int count)
    {
        var bytes = new byte[count];
        random.NextBytes(bytes);
        return bytes;
    }
}
