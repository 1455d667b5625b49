using System.Text.Json;
using Attune.Protos.Client;
using Attune.Testing;
using Attune.V1;
using YamlDotNet.RepresentationModel;

namespace Attune.EndToEnd.Tests.MainPath;

[Collection(MainSite.Collection)]
public sealed class ParameterTests(MainSite main) : IAsyncLifetime
{
    const string Text = "it's \"quoted\" $HOME `id` \\ # no: comment\nsecond line: ünï";

    const string Schema = """
        parameters:
          text: {type: string, required: true}
          number: {type: number}
          flag: {type: boolean}
          list: {type: array, items: {type: any}}
          missing: {type: integer, default: 7, maximum: 9}

        """;

    // A file is the owner's only, and nothing waits on standard input then.
    const string FromFile = """
        test "$(stat -c %a "$ATTUNE_PARAMETER_FILE")" = 600 || exit 3
        test -z "$(cat)" || exit 4
        cat "$ATTUNE_PARAMETER_FILE"
        """;

    readonly TestPack pack = new("e2e_parameters");

    static CancellationToken Soon => Waiting.SoonEnough;

    public async Task InitializeAsync()
    {
        foreach (var format in (string[])["json", "yaml", "dotenv"])
        {
            pack.Shell($"stdin_{format}", "test -z \"${ATTUNE_PARAMETER_FILE+set}\" && cat", $"{Schema}parameter_format: {format}");
            pack.Shell($"file_{format}", FromFile, $"{Schema}parameter_format: {format}\nparameter_delivery: file");
        }

        await pack.InstallAsync(main.Site.Client, Soon);
    }

    public Task DisposeAsync()
    {
        pack.Dispose();
        return Task.CompletedTask;
    }

    [Theory]
    [InlineData("stdin")]
    [InlineData("file")]
    public async Task Json_arrives_as_it_was_given(string delivery)
    {
        using var document = JsonDocument.Parse(await ReadDocumentAsync(delivery, "json"));

        Assert.Equal(Text, document.RootElement.GetProperty("text").GetString());
        Assert.Equal(2.5, document.RootElement.GetProperty("number").GetDouble());
        Assert.True(document.RootElement.GetProperty("flag").GetBoolean());
        Assert.Equal("[1,\"two\"]", document.RootElement.GetProperty("list").GetRawText().Replace(" ", ""));
        Assert.Equal(7, document.RootElement.GetProperty("missing").GetInt32());
    }

    [Theory]
    [InlineData("stdin")]
    [InlineData("file")]
    public async Task Yaml_arrives_as_it_was_given(string delivery)
    {
        var yaml = new YamlStream();
        yaml.Load(new StringReader(await ReadDocumentAsync(delivery, "yaml")));

        var root = (YamlMappingNode)yaml.Documents[0].RootNode;
        Assert.Equal(Text, ((YamlScalarNode)root["text"]).Value);
        Assert.Equal("2.5", ((YamlScalarNode)root["number"]).Value);
        Assert.Equal("true", ((YamlScalarNode)root["flag"]).Value);
        Assert.Equal(["1", "two"], ((YamlSequenceNode)root["list"]).Select(item => ((YamlScalarNode)item).Value));
        Assert.Equal("7", ((YamlScalarNode)root["missing"]).Value);
    }

    [Theory]
    [InlineData("stdin")]
    [InlineData("file")]
    public async Task Dotenv_is_what_a_shell_takes_without_running_any_of_it(string delivery)
    {
        var document = await ReadDocumentAsync(delivery, "dotenv");

        await using var shell = RunningProcess.Start(
            "sh", ["-c", "eval \"$(cat)\"; printf '%s|%s|%s|%s|%s' \"$text\" \"$number\" \"$flag\" \"$list\" \"$missing\""], input: document);
        Assert.Equal(0, await shell.ExitAsync(Soon));
        Assert.Equal($"{Text}|2.5|true|[1,\"two\"]|7", shell.Output.Replace(", ", ","));
    }

    [Fact]
    public async Task Every_violation_is_named_at_once_and_nothing_starts()
    {
        var refused = await Assert.ThrowsAsync<AttuneException>(
            () => main.Site.StartAsync("e2e_parameters.stdin_json", """{"number": "x", "missing": 10, "unknown": 1}""", Soon));

        Assert.Equal("PARAMETERS_INVALID", refused.Reason);
        Assert.Equal(
            ["parameters.missing", "parameters.number", "parameters.text", "parameters.unknown"],
            refused.FieldViolations.Select(each => each.Field).Order(StringComparer.Ordinal));
    }

    async Task<string> ReadDocumentAsync(string delivery, string format)
    {
        var parameters = JsonSerializer.Serialize(new { text = Text, number = 2.5, flag = true, list = (object[])[1, "two"] });
        var execution = await main.Site.RunAsync($"e2e_parameters.{delivery}_{format}", parameters, Soon);

        Assert.Equal((ExecutionStatus.Completed, ""), (execution.Status, execution.Error?.Message ?? ""));
        return execution.Result.StringValue;
    }
}
