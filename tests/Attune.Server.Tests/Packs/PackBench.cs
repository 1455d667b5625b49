using Attune.Packs;
using Attune.Packs.Archives;
using Attune.Server.Identities;
using Attune.Testing;
using Attune.V1;
using Dapper;
using Google.Protobuf;
using Grpc.Core;

namespace Attune.Server.Tests.Packs;

/// <summary>The whole server with its built-in pack, and packs that a test writes and installs through the API.</summary>
sealed class PackBench : IAsyncDisposable
{
    readonly string directory = Directory.CreateTempSubdirectory("attune-pack-").FullName;

    PackBench(ServerBench server) => Server = server;

    public ServerBench Server { get; }

    public PackService.PackServiceClient Packs => new(Server.Admin);

    public ActionService.ActionServiceClient Actions => new(Server.Admin);

    public static async Task<PackBench> StartAsync() => new(await ServerBench.StartAsync(Waiting.SoonEnough));

    /// <summary>A pack with one shell action for each name, and whatever else is given.</summary>
    public byte[] Archive(string pack, string version, string[] actions, params (string Path, string Content)[] files)
    {
        var root = Path.Combine(directory, Guid.NewGuid().ToString("N"));
        Write("pack.yaml", $"ref: {pack}\nlabel: {pack}\nversion: {version}\n");
        if (actions.Length > 0)
            Write("actions/run.sh", "echo\n");
        foreach (var action in actions)
            Write($"actions/{action}.yaml", $"ref: {pack}.{action}\nlabel: {action} {version}\nruntime: core.shell\nentry_point: run.sh\n");
        foreach (var (path, content) in files)
            Write(path, content);
        return PackArchive.Write(PackReader.ReadDirectory(root).Files);

        void Write(string path, string content)
        {
            var target = Path.Combine(root, path);
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.WriteAllText(target, content);
        }
    }

    public Task<InstallPackResponse> InstallAsync(byte[] archive) => InstallAsync(Packs, archive);

    public static async Task<InstallPackResponse> InstallAsync(PackService.PackServiceClient packs, byte[] archive)
    {
        using var call = packs.InstallPack(cancellationToken: Waiting.SoonEnough);
        try
        {
            await call.RequestStream.WriteAsync(new() { Header = new() { Source = "test" } });
            foreach (var chunk in archive.Chunk(64 * 1024))
                await call.RequestStream.WriteAsync(new() { Chunk = ByteString.CopyFrom(chunk) });
            await call.RequestStream.CompleteAsync();
        }
        catch (Exception exception) when (exception is RpcException or InvalidOperationException)
        {
            // The server has answered before it had read everything; the answer says why.
        }

        return await call.ResponseAsync;
    }

    public async Task<CheckPackResponse> CheckAsync(byte[] archive)
    {
        using var call = Packs.CheckPack(cancellationToken: Waiting.SoonEnough);
        await call.RequestStream.WriteAsync(new() { Chunk = ByteString.CopyFrom(archive) });
        await call.RequestStream.CompleteAsync();
        return await call.ResponseAsync;
    }

    public async Task<string[]> ActionsOfAsync(string pack)
    {
        var answer = await Actions.ListActionsAsync(new() { PackRef = pack, PageSize = 1000 }, cancellationToken: Waiting.SoonEnough);
        return [.. answer.Actions.Select(action => action.Ref)];
    }

    public async Task<T?> ReadAsync<T>(string sql, object? parameters = null)
    {
        await using var connection = await Server.Database.Db.OpenConnectionAsync(Waiting.SoonEnough);
        return await connection.ExecuteScalarAsync<T>(new CommandDefinition(sql, parameters, cancellationToken: Waiting.SoonEnough));
    }

    /// <summary>The headers of somebody with exactly these grants (JSON).</summary>
    public async Task<Metadata> LoginWithAsync(string grants)
    {
        var token = NewToken.Create("att_");
        await ReadAsync<int>(
            """
            with who as (
                insert into identity (login) values (@login) returning id
            ),
            set_ as (
                insert into permission_set (ref, grants) values ('test.' || @login, @grants::jsonb) returning id
            ),
            assigned as (
                insert into permission_assignment (identity, permset) select who.id, set_.id from who, set_
            )
            insert into api_token (identity, name, token_hash, expires_at)
            select id, 'test', @hash, now() + interval '1 day' from who
            """,
            new { login = Guid.NewGuid().ToString("N"), grants, hash = token.Hash });
        return new Metadata { { "authorization", $"Bearer {token.Text}" } };
    }

    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        Directory.Delete(directory, recursive: true);
    }
}
