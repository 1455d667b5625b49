using System.CommandLine;
using System.Globalization;
using Attune.Cli.Following;
using Attune.Cli.Output;
using Attune.Cli.Terminals;
using Attune.V1;

namespace Attune.Cli.Commands;

static class WatchFeed
{
    static readonly Option<string[]> types = new Option<string[]>("--type") { Description = "Only changes of these; may repeat", HelpName = "TYPE" }
        .AcceptOnlyFromAmong("event", "enforcement", "execution", "inquiry", "rule");
    static readonly Option<string[]> refs = new("--ref")
    {
        Description = "Only of this trigger, rule or action; core.* is all of a pack; may repeat",
        HelpName = "REF",
    };
    static readonly Option<long[]> ids = new("--id") { Description = "Only of the thing with this id; may repeat", HelpName = "ID" };
    static readonly Option<string?> cursor = new("--cursor") { Description = "Go on after an earlier watch: nothing missed, nothing twice", HelpName = "CURSOR" };

    public static Command Command()
        => new Command("watch", "Everything that changes, as it changes, until Ctrl-C").With(types, refs, ids, cursor).Does(RunAsync);

    static async Task RunAsync(Invocation run, CancellationToken ct)
    {
        var request = new WatchRequest { Cursor = run.Get(cursor) ?? "" };
        request.EntityTypes.Add(run.Get(types) ?? []);
        request.Refs.Add(run.Get(refs) ?? []);
        request.EntityIds.Add(run.Get(ids) ?? []);
        var received = false;
        try
        {
            await new Reconnecting(run).RunAsync(
                follow: true,
                () => run.Client.Feed.Watch(request, cancellationToken: ct),
                message =>
                {
                    foreach (var change in message.Changes)
                    {
                        if (run.Answer.IsTable)
                            Write(run, change);
                        else
                            run.Answer.Line(change);
                    }

                    (request.Cursor, received) = (message.Cursor, true);
                },
                ct);
        }
        finally
        {
            if (received)
                run.Terminal.Error.WriteLine($"Go on from here: attune watch --cursor {request.Cursor}");
        }
    }

    static void Write(Invocation run, Change change)
    {
        if (run.Quiet)
        {
            run.Terminal.Out.WriteLine(change.EntityId.ToString(CultureInfo.InvariantCulture));
            return;
        }

        var time = change.Time?.ToDateTimeOffset().ToString("HH:mm:ss", CultureInfo.InvariantCulture) ?? "";
        var what = change.Activity is "status_changed" ? "" : $"{change.Activity} ";
        run.Terminal.Out.WriteLine(
            $"{Tone.Dim.Paint(time, run.Terminal.ColourOut)}  {change.EntityType,-11}  {change.EntityId}  {new Cell(change.Ref).Printable}  "
                + $"{what}{ToneOf(change.Status).Paint(change.Status, run.Terminal.ColourOut)}".TrimEnd());
    }

    static Tone ToneOf(string status) => status switch
    {
        "completed" or "processed" or "responded" => Tone.Good,
        "failed" or "timeout" or "abandoned" => Tone.Bad,
        "cancelled" or "disabled" => Tone.Dim,
        "" => Tone.Plain,
        _ => Tone.Busy,
    };
}
