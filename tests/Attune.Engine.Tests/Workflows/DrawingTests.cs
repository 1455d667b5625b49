using System.Globalization;
using System.Xml.Linq;
using Attune.Engine.Workflows;
using Attune.Engine.Workflows.Drawing;

namespace Attune.Engine.Tests.Workflows;

public sealed class DrawingTests
{
    const string Deploy = """
        {'tasks': {
          'build': {'action': 'shop.build', 'next': [{'do': ['test', 'scan']}]},
          'test': {'action': 'shop.test', 'next': [{'when': 'succeeded() and result.x > 1', 'do': 'ready'}, {'when': 'failed()', 'do': 'fix'}, {'else': true, 'do': 'noop'}]},
          'scan': {'action': 'shop.scan', 'with_items': [1, 2], 'next': [{'do': 'ready'}], 'on_error': 'report'},
          'fix': {'action': 'shop.fix', 'next': [{'do': 'test'}]},
          'ready': {'action': 'core.noop', 'join': 'all', 'next': [{'do': 'approve'}]},
          'approve': {'inquiry': {'prompt': '?'}, 'next': [{'when': 'succeeded()', 'do': 'report'}, {'when': 'timed_out()', 'do': 'approve'}, {'else': true, 'do': 'fail'}]},
          'report': {'action': 'shop.report', 'join': 1}}}
        """;

    static readonly (string From, string To)[] DeployEdges =
    [
        ("approve", "approve"), ("approve", "approve:fail"), ("approve", "report"), ("build", "scan"), ("build", "test"), ("fix", "test"), ("ready", "approve"),
        ("scan", "ready"), ("scan", "report"), ("test", "fix"), ("test", "ready"), ("test", "test:noop"),
    ];

    [Fact]
    public void Thousands_of_conditions_between_two_tasks_are_not_all_written_down()
    {
        var ways = Enumerable.Range(0, 20_000).Select(index => $"{{'when': 'result.x{index}', 'do': 'b'}}");
        var workflow = Definition.Read($"{{'tasks': {{'a': {{'action': 'a.b', 'next': [{string.Join(',', ways)}]}}, 'b': {{'action': 'a.b'}}}}}}");
        var before = GC.GetAllocatedBytesForCurrentThread();
        var edge = Assert.Single(Picture.Of(workflow, null).Edges);
        Assert.StartsWith("result.x0 | result.x1 | ", edge.Label, StringComparison.Ordinal);
        Assert.InRange(edge.Label.Length, 60, 500);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 1, 100_000_000);
    }

    [Fact]
    public void Mermaid_has_every_task_and_every_edge()
        => Assert.Equal(
            """
            flowchart TD
              n0["build<br/>shop.build"]
              n1["test<br/>shop.test"]
              n2["scan<br/>shop.scan<br/>each item"]
              n3["fix<br/>shop.fix"]
              n4["ready<br/>core.noop<br/>joins all 2"]
              n5{{"approve<br/>asks people"}}
              n6["report<br/>shop.report<br/>joins 1 of 2"]
              n7(["noop"])
              n8(["fail"])
              n0 --> n1
              n0 --> n2
              n1 -->|"succeeded#40;#41; and result.x #62; 1"| n4
              n1 -->|"failed#40;#41;"| n3
              n1 -->|"else"| n7
              n2 --> n4
              n2 -.->|"on error"| n6
              n3 --> n1
              n4 --> n5
              n5 -->|"succeeded#40;#41;"| n6
              n5 -->|"timed_out#40;#41;"| n5
              n5 -->|"else"| n8

            """,
            Draw(Deploy, DrawingFormat.Mermaid));

    [Fact]
    public void Dot_has_every_task_and_every_edge()
    {
        var dot = Draw(Deploy, DrawingFormat.Dot);

        Assert.StartsWith("digraph workflow {\n", dot, StringComparison.Ordinal);
        Assert.Contains("  \"scan\" [label=\"scan\\nshop.scan\\neach item\"];\n", dot, StringComparison.Ordinal);
        Assert.Contains("  \"approve\" [label=\"approve\\nasks people\", shape=hexagon, style=filled];\n", dot, StringComparison.Ordinal);
        Assert.Contains("  \"scan\" -> \"report\" [label=\"on error\", style=dashed];\n", dot, StringComparison.Ordinal);
        Assert.Equal(DeployEdges, dot.Split('\n').Where(line => line.Contains(" -> ", StringComparison.Ordinal))
            .Select(line => line.Split('"')).Select(parts => (parts[1], parts[3])).Order());
    }

    [Fact]
    public void Svg_has_every_task_and_every_edge()
    {
        var svg = XDocument.Parse(Draw(Deploy, DrawingFormat.Svg));

        Assert.Equal(["approve", "approve:fail", "build", "fix", "ready", "report", "scan", "test", "test:noop"], Tasks(svg).Select(Name).Order());
        Assert.Equal(DeployEdges, EdgesOf(svg).Order());
        Assert.Equal(["asks people"], Tasks(svg).Where(task => Name(task) is "approve").SelectMany(Texts).Where(text => text.Contains("asks", StringComparison.Ordinal)).Select(text => text[2..]));
        Assert.Contains(svg.Descendants().Where(each => (string?)each.Attribute("class") is "label"), label => label.Value is "succeeded() and result.x > 1");
        Assert.DoesNotContain(svg.Descendants(), each => each.Name.LocalName is "image" or "script" or "a");
    }

    [Fact]
    public void What_leads_on_lies_below_and_a_cycle_leads_up()
    {
        var boxes = Boxes(XDocument.Parse(Draw(Deploy, DrawingFormat.Svg))).ToDictionary(box => box.Name);

        foreach (var (from, to) in DeployEdges.Where(edge => edge is not (("fix", "test") or ("approve", "approve"))))
            Assert.True(boxes[from].Bottom < boxes[to].Top, $"{from} is not above {to}");
        Assert.True(boxes["fix"].Top > boxes["test"].Bottom);
    }

    [Fact]
    public void A_run_shows_how_each_task_stands()
    {
        var workflow = Definition.Read(Deploy);
        var standing = workflow.Tasks.Select(task => new TaskStanding(
            task.Name,
            task.Index switch { 0 => TaskState.Completed, 1 => TaskState.Failed, 2 => TaskState.Running, _ => TaskState.Pending },
            task.Index is 1 ? 3 : 1,
            0,
            null,
            null,
            task.Items is null ? null : new ItemsStanding(100, 12, 1, 50),
            [])).ToList();

        var svg = XDocument.Parse(WorkflowDrawing.Draw(workflow, standing, DrawingFormat.Svg));
        Assert.Equal("action failed", (string?)Tasks(svg).Single(task => Name(task) is "test").Attribute("class"));
        Assert.Contains("failed · run 3 times", Tasks(svg).SelectMany(Texts));
        Assert.Contains("running · 12 of 100 items, 1 failed", Tasks(svg).SelectMany(Texts));
        Assert.Equal(
            ["pending", "running", "completed", "failed"],
            svg.Descendants().Where(each => ((string?)each.Attribute("class"))?.EndsWith(" legend", StringComparison.Ordinal) is true).Select(each => each.Value));
        var style = svg.Descendants().Single(each => each.Name.LocalName is "style").Value;
        Assert.Contains(".failed .box{fill:#ffebe9;stroke:#cf222e}", style, StringComparison.Ordinal);
        Assert.Contains("prefers-color-scheme:dark", style, StringComparison.Ordinal);

        Assert.Contains("  class n1 failed\n", WorkflowDrawing.Draw(workflow, standing, DrawingFormat.Mermaid), StringComparison.Ordinal);
        Assert.Contains("fillcolor=\"#ffebe9\", color=\"#cf222e\"", WorkflowDrawing.Draw(workflow, standing, DrawingFormat.Dot), StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_written_in_conditions_and_refs_stays_text()
    {
        const string Hostile = """</text><script>alert(1)</script>\"]; x --> y %% | `#quot; & \\\\ \u0001 \n""";
        var definition = """
            {"tasks": {"a": {"action": "x\"]-->\\n<b>.y", "next": [{"when": "result.x == 'HOSTILE'", "do": "b"}]}, "b": {"action": "core.noop"}}}
            """.Replace("HOSTILE", Hostile, StringComparison.Ordinal);
        var problems = new List<WorkflowProblem>();
        var workflow = Workflow.Read(System.Text.Json.JsonElement.Parse(definition), problems);
        Assert.Empty(problems);

        var svg = XDocument.Parse(WorkflowDrawing.Draw(workflow!, null, DrawingFormat.Svg));
        Assert.DoesNotContain(svg.Descendants(), each => each.Name.LocalName is "script" or "b");
        Assert.Contains("x\"]-->\\n<b>.y", Tasks(svg).SelectMany(Texts));

        var mermaid = WorkflowDrawing.Draw(workflow!, null, DrawingFormat.Mermaid).Split('\n');
        Assert.Equal(5, mermaid.Length);
        Assert.Matches("^  n0 -->\\|\"[A-Za-z0-9#; ._…-]*\"\\| n1$", mermaid[3]);
        Assert.Matches("^  n0\\[\"a<br/>[A-Za-z0-9#; ._…-]*\"\\]$", mermaid[1]);

        var dot = WorkflowDrawing.Draw(workflow!, null, DrawingFormat.Dot).Split('\n');
        Assert.Equal(8, dot.Length);
        Assert.Matches("""^  "a" -> "b" \[label="([^"\\]|\\.)*"\];$""", dot[5]);
        Assert.Matches("""^  "a" \[label="([^"\\]|\\.)*"\];$""", dot[3]);
    }

    [Fact]
    public void Boxes_and_labels_never_overlap()
    {
        for (var seed = 0; seed < 150; seed++)
        {
            var svg = XDocument.Parse(Draw(Random(new Random(seed)), DrawingFormat.Svg));
            var boxes = Boxes(svg).ToList();
            for (var one = 0; one < boxes.Count; one++)
            {
                for (var other = 0; other < one; other++)
                {
                    var (a, b) = (boxes[one], boxes[other]);
                    Assert.True(
                        a.Right < b.Left || b.Right < a.Left || a.Bottom < b.Top || b.Bottom < a.Top, $"seed {seed}: {a.Name} lies on {b.Name}");
                }
            }

            var (width, height) = (Number(svg.Root!, "width"), Number(svg.Root!, "height"));
            Assert.All(boxes, box => Assert.True(box.Left >= 0 && box.Top >= 0 && box.Right <= width && box.Bottom <= height, $"seed {seed}: {box.Name} is outside"));
        }
    }

    [Fact]
    public void Every_edge_of_any_graph_is_drawn_from_box_to_box()
    {
        for (var seed = 0; seed < 150; seed++)
        {
            var workflow = Definition.Read(Random(new Random(seed)));
            var svg = XDocument.Parse(WorkflowDrawing.Draw(workflow, null, DrawingFormat.Svg));
            var expected = workflow.Tasks.SelectMany(task => task.Next.SelectMany(next => next.Do).Select(target => (task.Name, workflow.Tasks[target.Task].Name))).Distinct().Order();
            Assert.Equal(expected, EdgesOf(svg).Order());

            var boxes = Boxes(svg).ToDictionary(box => box.Name);
            foreach (var path in svg.Descendants().Where(each => each.Attribute("data-from") is not null))
            {
                var numbers = ((string)path.Attribute("d")!).Split(['M', 'L', 'C', ' '], StringSplitOptions.RemoveEmptyEntries).Select(text => double.Parse(text, CultureInfo.InvariantCulture)).ToArray();
                Assert.True(Touches(boxes[(string)path.Attribute("data-from")!], numbers[0], numbers[1]), $"seed {seed}: {path}");
                Assert.True(Touches(boxes[(string)path.Attribute("data-to")!], numbers[^2], numbers[^1]), $"seed {seed}: {path}");
            }
        }
    }

    [Theory]
    [InlineData("chain")]
    [InlineData("wide")]
    [InlineData("far")]
    public void Five_thousand_tasks_are_drawn(string shape)
    {
        const int Count = 5000;
        var tasks = Enumerable.Range(0, Count).Select(index =>
        {
            int[] targets = shape switch
            {
                "chain" => [index + 1],
                "wide" => index == 0 ? [.. Enumerable.Range(1, Count - 2)] : [Count - 1],

                // Every line crosses thousands of layers: bends for all of them would be millions.
                _ => [index + 1, Count - 1],
            };
            return $"'t{index}': {{'action': 'core.noop', 'next': [{{'when': 'result.x', 'do': [{string.Join(',', targets.Where(target => target > index && target < Count).Distinct().Select(target => $"'t{target}'"))}]}}]}}";
        });
        var definition = $"{{'tasks': {{{string.Join(',', tasks)}}}}}";

        Assert.Equal(Count, Tasks(XDocument.Parse(Draw(definition, DrawingFormat.Svg))).Count());
        Assert.InRange(Draw(definition, DrawingFormat.Mermaid).Length, Count * 20, Count * 200);
        Assert.InRange(Draw(definition, DrawingFormat.Dot).Length, Count * 20, Count * 200);
    }

    sealed record Box(string Name, double Left, double Top, double Right, double Bottom);

    static bool Touches(Box box, double x, double y)
        => x >= box.Left - 0.2 && x <= box.Right + 0.2 && y >= box.Top - 0.2 && y <= box.Bottom + 0.2;

    static IEnumerable<Box> Boxes(XDocument svg) => Tasks(svg).Select(task =>
    {
        var box = task.Elements().First(each => each.Name.LocalName is "rect");
        return new Box(Name(task), Number(box, "x"), Number(box, "y"), Number(box, "x") + Number(box, "width"), Number(box, "y") + Number(box, "height"));
    });

    static IEnumerable<XElement> Tasks(XDocument svg) => svg.Descendants().Where(each => each.Attribute("data-task") is not null);

    static IEnumerable<(string, string)> EdgesOf(XDocument svg) => svg.Descendants()
        .Where(each => each.Attribute("data-from") is not null)
        .Select(each => ((string)each.Attribute("data-from")!, (string)each.Attribute("data-to")!));

    static IEnumerable<string> Texts(XElement task) => task.Elements().Where(each => each.Name.LocalName is "text").Select(each => each.Value);

    static string Name(XElement task) => (string)task.Attribute("data-task")!;

    static double Number(XElement element, string name) => double.Parse((string)element.Attribute(name)!, CultureInfo.InvariantCulture);

    static string Random(Random random)
    {
        var count = random.Next(1, 25);
        var tasks = Enumerable.Range(0, count).Select(index =>
        {
            var next = Enumerable.Range(0, random.Next(4)).Select(_ => random.Next(1, count + 1)).Where(target => target < count).Distinct()
                .Select(target => $"{{{(random.Next(2) == 0 ? "" : $"'when': 'result.{new string('x', random.Next(1, 40))}',")} 'do': 't{target}'}}");
            return $"'t{index}': {{'action': 'core.{new string('a', random.Next(1, 60))}', 'next': [{string.Join(',', next)}]}}";
        });
        return $"{{'tasks': {{{string.Join(',', tasks)}}}}}";
    }

    static string Draw(string definition, DrawingFormat format) => WorkflowDrawing.Draw(Definition.Read(definition), null, format);
}
