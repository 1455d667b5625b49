using Attune.Server.Hosting;
using Google.Protobuf.WellKnownTypes;
using Wire = Attune.V1;

namespace Attune.Server.Runtimes;

static class RuntimeMapping
{
    public static Wire.Runtime ToWire(this RuntimeRow row) => new()
    {
        Id = row.Id,
        Ref = row.Ref,
        PackRef = row.PackRef ?? "",
        Name = row.Name,
        Description = row.Description ?? "",
        Aliases = { row.Aliases },
        Distributions = JsonStruct.ToStruct(row.Distributions),
        ExecutionConfig = JsonStruct.ToStruct(row.ExecutionConfig),
        Created = row.Created.ToTimestamp(),
        Updated = row.Updated.ToTimestamp(),
        AvailableOn = { row.AvailableOn },
    };
}
