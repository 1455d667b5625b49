using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Attune.Testing;
using Attune.V1;

namespace Attune.EndToEnd.Tests.Stories;

/// <summary>A forge tells of pushes, signed as GitHub does it; only those to the main branch are deployed.</summary>
public sealed class WebhookStoryTests(WebhookStoryTests.Deploying deploying) : IClassFixture<WebhookStoryTests.Deploying>
{
    static CancellationToken Soon => Waiting.SoonEnough;

    Site Site => deploying.Site;

    [Fact]
    public async Task A_signed_push_to_the_main_branch_deploys_and_one_to_another_branch_does_not()
    {
        var other = await PushAsync("refs/heads/topic", "1111111", Guid.NewGuid().ToString());
        var main = await PushAsync("refs/heads/main", "2222222", Guid.NewGuid().ToString());

        Assert.Equal((HttpStatusCode.Accepted, HttpStatusCode.Accepted), (other.Status, main.Status));
        var ignored = await ReadAsync(other.EventId);
        Assert.Empty(ignored.Enforcements);
        Assert.Equal("e2e_deploy.main_only", Assert.Single(ignored.Unmatched).RuleRef);
        Assert.Contains("refs/heads/topic", ignored.Unmatched[0].Why, StringComparison.Ordinal);

        var enforcement = Assert.Single((await ReadAsync(main.EventId)).Enforcements);
        var execution = await Site.EndAsync(enforcement.ExecutionId, Soon);
        Assert.Equal((ExecutionStatus.Completed, "deployed 2222222 of example/site"), (execution.Status, execution.Result.StringValue));
        Assert.Equal((main.EventId, "e2e_deploy.main_only"), (execution.EventId, execution.RuleRef));
    }

    [Fact]
    public async Task A_delivery_that_is_repeated_deploys_once()
    {
        var delivery = Guid.NewGuid().ToString();
        var first = await PushAsync("refs/heads/main", "3333333", delivery);
        var second = await PushAsync("refs/heads/main", "3333333", delivery);

        Assert.Equal((first.EventId, false, true), (second.EventId, first.IsDuplicate, second.IsDuplicate));
        Assert.Single((await ReadAsync(first.EventId)).Enforcements);
    }

    [Fact]
    public async Task What_is_not_signed_with_the_secret_is_turned_away_and_recorded_nowhere()
    {
        var before = await CountAsync();

        var forged = await PushAsync("refs/heads/main", "4444444", Guid.NewGuid().ToString(), secret: "not the secret");

        Assert.Equal(HttpStatusCode.Unauthorized, forged.Status);
        Assert.Equal(before, await CountAsync());
    }

    async Task<int> CountAsync()
        => (await Site.Client.Events.ListEventsAsync(new() { TriggerRef = "e2e_deploy.pushed", PageSize = 1000 }, cancellationToken: Soon)).Events.Count;

    async Task<Event> ReadAsync(long id) => (await Site.Client.Events.GetEventAsync(new() { EventId = id }, cancellationToken: Soon)).Event;

    async Task<Answer> PushAsync(string branch, string commit, string delivery, string? secret = null)
    {
        var body = JsonSerializer.Serialize(new Dictionary<string, object>
        {
            ["ref"] = branch,
            ["after"] = commit,
            ["repository"] = new { full_name = "example/site" },
        });
        var signature = HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret ?? deploying.Secret), Encoding.UTF8.GetBytes(body));
        using var request = new HttpRequestMessage(HttpMethod.Post, deploying.Address)
        {
            Content = new StringContent(body, Encoding.UTF8, "application/json"),
        };
        request.Headers.Add("X-Hub-Signature-256", $"sha256={Convert.ToHexStringLower(signature)}");
        request.Headers.Add("X-GitHub-Event", "push");
        request.Headers.Add("X-GitHub-Delivery", delivery);

        using var http = new HttpClient();
        using var response = await http.SendAsync(request, Soon);
        using var answer = JsonDocument.Parse(await response.Content.ReadAsStringAsync(Soon));
        return response.StatusCode is HttpStatusCode.Accepted
            ? new(response.StatusCode, answer.RootElement.GetProperty("event_id").GetInt64(), answer.RootElement.GetProperty("duplicate").GetBoolean())
            : new(response.StatusCode, 0, false);
    }

    sealed record Answer(HttpStatusCode Status, long EventId, bool IsDuplicate);

    public sealed class Deploying : IAsyncLifetime
    {
        readonly TestPack pack = new TestPack("e2e_deploy")
            .Write("triggers/pushed.yaml", "ref: e2e_deploy.pushed\nlabel: A push\n")
            .Write("rules/main_only.yaml", """
                ref: e2e_deploy.main_only
                label: Deploy the main branch
                trigger: e2e_deploy.pushed
                conditions:
                  all:
                    - {field: body.ref, operator: equals, value: refs/heads/main}
                    - "{{ event.payload.headers['x-github-event'] == 'push' }}"
                action: e2e_deploy.deploy
                action_params:
                  repository: "{{ event.payload.body.repository.full_name }}"
                  commit: "{{ event.payload.body.after }}"
                """)
            .Shell(
                "deploy",
                """
                eval "$(cat)"
                echo "deployed $commit of $repository"
                """,
                "parameters: {repository: {type: string, required: true}, commit: {type: string, required: true}}\nparameter_format: dotenv\n");

        public Site Site { get; private set; } = null!;

        public Uri Address { get; private set; } = null!;

        public string Secret { get; private set; } = "";

        public async Task InitializeAsync()
        {
            Site = await Site.StartAsync(Soon);
            await Site.AddAgentAsync("deployer", [], Soon);
            await pack.InstallAsync(Site.Client, Soon);
            var opened = await Site.Client.Triggers.EnableWebhookAsync(
                new() { TriggerRef = "e2e_deploy.pushed", Signature = new() { Style = WebhookStyle.Github } }, cancellationToken: Soon);
            Address = new(new Uri(Site.Servers[0].HttpAddress), opened.Webhook.Path);
            Secret = opened.NewSecret;
        }

        public async Task DisposeAsync()
        {
            pack.Dispose();
            await Site.DisposeAsync();
        }
    }
}
