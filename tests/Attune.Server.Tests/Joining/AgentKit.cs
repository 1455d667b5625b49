using System.Buffers.Text;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Attune.Server.Tests.Hosting;
using Attune.V1;
using Google.Protobuf;
using Grpc.Core;

namespace Attune.Server.Tests.Joining;

/// <summary>An agent's key and certificate, and the header made of them, as the contract describes it and not as the server spells it.</summary>
sealed class AgentKit
{
    public ECDsa Key { get; init; } = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public byte[] Certificate { get; set; } = [];

    public static async Task<AgentKit> EnrollAsync(EdgeBench bench, string name, string joinToken, WorkerRole role = WorkerRole.Unspecified)
    {
        var kit = new AgentKit();
        var answer = await EnrollCallAsync(bench, name, joinToken, kit.RequestFor(name), role);
        kit.Certificate = X509Certificate2.CreateFromPem(answer.Certificate).RawData;
        return kit;
    }

    public static AsyncUnaryCall<EnrollResponse> EnrollCallAsync(
        EdgeBench bench, string name, string joinToken, byte[] request, WorkerRole role = WorkerRole.Unspecified)
        => new WorkerService.WorkerServiceClient(bench.Channel).EnrollAsync(
            new() { JoinToken = joinToken, Name = name, Role = role, CertificateRequest = ByteString.CopyFrom(request) });

    public byte[] RequestFor(string name)
        => new CertificateRequest($"CN={name}", Key, HashAlgorithmName.SHA256).CreateSigningRequest();

    public string Header(string method, DateTimeOffset at)
    {
        var seconds = at.ToUnixTimeSeconds();
        var signed = $"attune-agent v1\n{method}\n{seconds}\n{Convert.ToHexStringLower(SHA256.HashData(Certificate))}";
        var signature = Key.SignData(
            Encoding.UTF8.GetBytes(signed), HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
        return $"v1.{Base64Url.EncodeToString(Certificate)}.{seconds}.{Base64Url.EncodeToString(signature)}";
    }

    /// <summary>Asks for a release that does not exist: the refusal says whether the agent was let in.</summary>
    public Task<RpcException> CallAsync(EdgeBench bench, DateTimeOffset? at = null)
        => CallAsync(bench, Header("/attune.v1.WorkerService/DownloadRelease", at ?? bench.Clock.GetUtcNow()));

    public static async Task<RpcException> CallAsync(EdgeBench bench, string header)
    {
        using var call = new WorkerService.WorkerServiceClient(bench.Channel).DownloadRelease(
            new() { ReleaseDigest = new('0', 64) }, new Metadata { { "attune-agent", header } });
        return await Assert.ThrowsAsync<RpcException>(() => call.ResponseStream.MoveNext(Attune.Testing.Waiting.SoonEnough));
    }
}

static class AgentAssert
{
    public static void LetIn(this RpcException answer) => answer.Is(StatusCode.NotFound, "RELEASE_NOT_FOUND");
}
