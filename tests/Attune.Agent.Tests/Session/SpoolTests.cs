using System.Globalization;
using Attune.Agent.Session.Spool;
using Attune.V1;
using Google.Protobuf;

namespace Attune.Agent.Tests.Session;

public sealed class SpoolTests : IDisposable
{
    readonly string folder = Directory.CreateTempSubdirectory("attune-spool-").FullName;

    string Journal => Path.Combine(folder, "journal");

    public void Dispose() => Directory.Delete(folder, recursive: true);

    /// <summary>Random histories against a model. After each step a copy of the file, as a kill would leave it, is recovered and compared.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    [InlineData(8)]
    public void A_kill_at_any_moment_leaves_exactly_what_was_written(int seed)
    {
        var random = new Random(seed);
        using var spool = Spool.Open(folder, limitBytes: 1L << 40);
        var model = new SpoolModel();
        for (var step = 0; step < 400; step++)
        {
            model.Step(random, spool, bytesMax: 2_000);
            spool.Flush();
            if (step % 10 != 0)
                continue;

            using var recovered = Copy(File.ReadAllBytes(Journal));
            Assert.Equal(model.ToString(), SpoolModel.Describe(recovered.Spool));
        }
    }

    [Theory]
    [InlineData(11)]
    [InlineData(12)]
    [InlineData(13)]
    [InlineData(14)]
    public void A_torn_record_is_cut_off_and_everything_before_it_counts(int seed)
    {
        var random = new Random(seed);
        var moments = new List<(long Length, string Model)> { (0, "") };
        using (var spool = Spool.Open(folder, limitBytes: 1L << 40))
        {
            var model = new SpoolModel();
            for (var step = 0; step < 120; step++)
            {
                model.Step(random, spool, bytesMax: 200);
                spool.Flush();
                moments.Add((new FileInfo(Journal).Length, model.ToString()));
            }
        }

        var bytes = File.ReadAllBytes(Journal);
        for (var cut = 0; cut < 300; cut++)
        {
            var length = random.Next(bytes.Length + 1);
            var torn = bytes[..length];
            if (cut % 2 == 0)
                torn = [.. torn, .. RandomBytes(random, random.Next(1, 40))];

            using var recovered = Copy(torn);
            var whole = moments.Last(each => each.Length <= length);
            Assert.Equal(whole.Model, SpoolModel.Describe(recovered.Spool));
            Assert.Equal(whole.Length, new FileInfo(recovered.Journal).Length);
        }
    }

    [Fact]
    public void A_flipped_bit_ends_what_counts_before_it()
    {
        using (var spool = Spool.Open(folder, 1 << 20))
        {
            Assert.True(spool.TryAccept([new(new(1, 1), "a")]));
            Assert.True(spool.TryAccept([new(new(2, 1), "b")]));
        }

        var bytes = File.ReadAllBytes(Journal);
        bytes[^1] ^= 1;
        using var recovered = Copy(bytes);

        Assert.Equal(1, Assert.Single(recovered.Spool.Runs).Key.ExecutionId);
    }

    [Fact]
    public void Compaction_keeps_what_counts_and_the_file_stays_small_under_a_flood()
    {
        using var spool = Spool.Open(folder, 256 << 20);
        var lasting = new HeldRun(new(1, 1), "lasting");
        Assert.True(spool.TryAccept([lasting]));
        spool.Begin(lasting, DateTimeOffset.UnixEpoch);
        spool.Append(lasting, Chunk(1, 1000));
        spool.Append(lasting, Chunk(2, 1000));
        spool.AcknowledgeLogs(lasting, 1);
        for (var id = 2; id < 2_000; id++)
        {
            var run = new HeldRun(new(id, 1), "flood");
            spool.Finish([(run, Result(id, 40_000))]);
            spool.Forget(run);
        }

        spool.Flush();
        Assert.InRange(new FileInfo(Journal).Length, 1, 96 << 20);
        using var recovered = Copy(File.ReadAllBytes(Journal));
        Assert.Equal(SpoolModel.Describe(spool), SpoolModel.Describe(recovered.Spool));
        Assert.Equal("1/1 Running 2 [2]", SpoolModel.Describe(spool).Split(" #")[0]);
    }

    [Fact]
    public void An_empty_spool_gives_its_room_back()
    {
        using var spool = Spool.Open(folder, 256 << 20);
        var run = new HeldRun(new(1, 1), "big");
        spool.Finish([(run, Result(1, 2 << 20))]);
        Assert.True(new FileInfo(Journal).Length > 2 << 20);

        spool.Forget(run);

        Assert.Equal(0, new FileInfo(Journal).Length);
        Assert.Equal(0, spool.WaitingBytes);
    }

    [Fact]
    public void Over_the_limit_the_oldest_output_goes_first_and_results_stay()
    {
        using var spool = Spool.Open(folder, 1 << 20);
        var early = new HeldRun(new(1, 1), "early");
        var late = new HeldRun(new(2, 1), "late");
        Assert.True(spool.TryAccept([early, late]));
        for (var sequence = 1; sequence <= 20; sequence++)
            spool.Append(early, Chunk(sequence, 40 << 10));
        spool.Append(late, Chunk(1, 100));
        spool.Finish([(early, Result(1, 600 << 10))]);

        Assert.InRange(spool.WaitingBytes, 600 << 10, 1 << 20);
        Assert.True(spool.DroppedBytes > 300 << 10);
        Assert.Null(spool.Read(early.Logs!.All.First()));
        Assert.NotNull(spool.Read(early.Logs.All.Last()));
        Assert.NotNull(spool.Read(late.Logs!.All.Single()));
        Assert.Equal(600 << 10, spool.ReadResult(early).Result.Length);
    }

    [Fact]
    public void A_result_beyond_twice_the_limit_becomes_a_failure_that_says_so()
    {
        using var spool = Spool.Open(folder, 1 << 20);
        var run = new HeldRun(new(1, 1), "huge");

        spool.Finish([(run, Result(1, 3 << 20))]);

        var kept = spool.ReadResult(run);
        Assert.Equal((Outcome.Failed, "OUTPUT_TOO_LARGE"), (kept.Outcome, kept.Error.Reason));
        Assert.True(spool.DroppedBytes > 3 << 20);
    }

    [Fact]
    public void The_spools_name_stays_with_its_folder()
    {
        string first;
        using (var spool = Spool.Open(folder, 1 << 20))
            first = spool.Id;
        using (var spool = Spool.Open(folder, 1 << 20))
            Assert.Equal(first, spool.Id);

        File.Delete(Path.Combine(folder, "id"));
        using (var spool = Spool.Open(folder, 1 << 20))
            Assert.NotEqual(first, spool.Id);
    }

    static LogChunk Chunk(long sequence, int bytes)
        => new() { Attempt = 1, Sequence = sequence, Stream = LogStream.Stdout, Content = ByteString.CopyFrom(new byte[bytes]) };

    static Finished Result(long id, int bytes)
        => new() { ExecutionId = id, Attempt = 1, Outcome = Outcome.Completed, Result = ByteString.CopyFrom(new byte[bytes]) };

    static byte[] RandomBytes(Random random, int count)
    {
        var bytes = new byte[count];
        random.NextBytes(bytes);
        return bytes;
    }

    static RecoveredCopy Copy(byte[] journal)
    {
        var copy = Directory.CreateTempSubdirectory("attune-spool-copy-").FullName;
        File.WriteAllBytes(Path.Combine(copy, "journal"), journal);
        return new(copy, Spool.Open(copy, 1L << 40));
    }

    sealed record RecoveredCopy(string Folder, Spool Spool) : IDisposable
    {
        public string Journal => Path.Combine(Folder, "journal");

        public void Dispose()
        {
            Spool.Dispose();
            Directory.Delete(Folder, recursive: true);
        }
    }
}

/// <summary>What a spool should hold, kept the plain way.</summary>
sealed class SpoolModel
{
    readonly SortedDictionary<long, Entry> entries = [];
    long nextId = 1;

    public void Step(Random random, Spool spool, int bytesMax)
    {
        var some = entries.Count == 0 ? null : entries.Values.ElementAt(random.Next(entries.Count));
        switch (random.Next(10))
        {
            case 0 or 1:
                var run = new HeldRun(new(nextId++, 1), $"pack.action{random.Next(100)}");
                Assert.True(spool.TryAccept([run]));
                entries.Add(run.Key.ExecutionId, new(run));
                break;
            case 2 when some?.State == HeldState.Accepted:
                some.State = HeldState.Running;
                spool.Begin(some.Run, DateTimeOffset.UnixEpoch.AddSeconds(random.Next()));
                break;
            case 3 when some is not null && some.State != HeldState.Finished:
                some.State = HeldState.Finished;
                some.Result = random.Next(bytesMax);
                spool.Finish([(some.Run, new() { ExecutionId = some.Run.Key.ExecutionId, Attempt = 1, Result = ByteString.CopyFrom(new byte[some.Result]) })]);
                break;
            case 4 when some?.State == HeldState.Finished:
                entries.Remove(some.Run.Key.ExecutionId);
                spool.Forget(some.Run);
                break;
            case 5 when some is { LastSequence: > 0 }:
                var through = random.NextInt64(some.LastSequence + 1);
                some.Logs.RemoveAll(each => each <= through);
                spool.AcknowledgeLogs(some.Run, through);
                break;
            case > 5 when some is not null && some.State != HeldState.Finished:
                some.Logs.Add(++some.LastSequence);
                spool.Append(some.Run, new() { Attempt = 1, Sequence = some.LastSequence, Content = ByteString.CopyFrom(new byte[random.Next(bytesMax)]) });
                break;
        }
    }

    public override string ToString() => string.Join('\n', entries.Values.Select(each => Line(
        each.Run.Key, each.State, each.LastSequence, each.Logs, each.Run.ActionRef, each.State == HeldState.Finished ? each.Result : -1)));

    public static string Describe(Spool spool) => string.Join('\n', spool.Runs.OrderBy(run => run.Key.ExecutionId).Select(run => Line(
        run.Key,
        run.State,
        run.LastSequence,
        run.Logs?.All.Select(chunk => spool.Read(chunk)!.Sequence) ?? [],
        run.ActionRef,
        run.State == HeldState.Finished ? spool.ReadResult(run).Result.Length : -1)));

    static string Line(RunKey key, HeldState state, long last, IEnumerable<long> logs, string action, int result)
        => string.Create(CultureInfo.InvariantCulture, $"{key.ExecutionId}/{key.Attempt} {state} {last} [{string.Join(',', logs)}] #{action} {result}");

    sealed class Entry(HeldRun run)
    {
        public HeldRun Run => run;

        public HeldState State { get; set; }
            = HeldState.Accepted;

        public long LastSequence { get; set; }

        public List<long> Logs { get; } = [];

        public int Result { get; set; }
    }
}
