using System.Runtime.CompilerServices;
using Attune.Packs;
using Attune.Packs.Archives;
using Dapper;
using Npgsql;

namespace Attune.Server.Packs;

/// <summary>Reads pack releases, which never change once they are stored.</summary>
sealed class ReleaseStore(NpgsqlDataSource db)
{
    /// <summary>Of a chunk, in bytes.</summary>
    public const int ChunkSize = 256 * 1024;

    // The archive is stored uncompressed and out of line, so a slice costs the database only that slice.
    const string Slice = """
        select substring(archive from @from for @length)
        from pack_release
        where digest = @digest
        """;

    /// <summary>
    /// The archive in order, without holding a connection while the reader is busy with a chunk. Nothing for an unknown digest.
    /// </summary>
    public async IAsyncEnumerable<byte[]> ReadAsync(string digest, [EnumeratorCancellation] CancellationToken ct)
    {
        for (var from = 1; ; from += ChunkSize)
        {
            var chunk = await ReadSliceAsync(digest, from, ct);
            if (chunk is null or { Length: 0 })
                yield break;

            yield return chunk;
            if (chunk.Length < ChunkSize)
                yield break;
        }
    }

    /// <summary>The release's files; null for an unknown digest.</summary>
    public async Task<PackFiles?> ReadFilesAsync(string digest, CancellationToken ct)
    {
        using var archive = new MemoryStream();
        await foreach (var chunk in ReadAsync(digest, ct))
            archive.Write(chunk);
        archive.Position = 0;
        return archive.Length == 0 ? null : PackArchive.Read(archive);
    }

    /// <summary>Everything the release defines; null for an unknown digest.</summary>
    public async Task<PackContent?> ReadContentAsync(string digest, CancellationToken ct)
        => await ReadFilesAsync(digest, ct) is { } files ? PackReader.Read(files).Content : null;

    async Task<byte[]?> ReadSliceAsync(string digest, int from, CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        return await connection.QuerySingleOrDefaultAsync<byte[]>(new CommandDefinition(
            Slice, new { digest, from, length = ChunkSize }, cancellationToken: ct));
    }
}
