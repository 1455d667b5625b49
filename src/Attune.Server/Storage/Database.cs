using System.Data.Common;
using Npgsql;

namespace Attune.Server.Storage;

static class Database
{
    /// <summary>Every connection of it finds the schema `attune` first and speaks UTC.</summary>
    public static NpgsqlDataSource Open(StorageOptions options, string applicationName)
    {
        var builder = new NpgsqlDataSourceBuilder(Settings(options, applicationName).ConnectionString);

        // A failed-over database must be written where it is primary now, whichever host is named first.
        return builder.ConnectionStringBuilder.Host?.Contains(',') == true
            ? builder.BuildMultiHost().WithTargetSession(TargetSessionAttributes.Primary)
            : builder.Build();
    }

    /// <summary>A dead peer shows within seconds here: nothing else would ever be sent on a connection that only waits.</summary>
    public static NpgsqlDataSource OpenForListening(StorageOptions options)
    {
        var settings = Settings(options, "attune-server listen");
        (settings.MaxPoolSize, settings.MinPoolSize, settings.KeepAlive) = (1, 0, 10);
        return Open(new() { ConnectionString = settings.ConnectionString }, "attune-server listen");
    }

    static NpgsqlConnectionStringBuilder Settings(StorageOptions options, string applicationName)
    {
        var given = new DbConnectionStringBuilder { ConnectionString = options.ConnectionString };
        var settings = new NpgsqlConnectionStringBuilder(options.ConnectionString);
        Default("Maximum Pool Size", options.PoolSizeMax);
        Default("Application Name", applicationName);
        Default("Search Path", "attune");
        Default("Timezone", "UTC");
        Default("Max Auto Prepare", 100);
        Default("Auto Prepare Min Usages", 2);
        return settings;

        void Default(string keyword, object value)
        {
            if (!given.ContainsKey(keyword))
                settings[keyword] = value;
        }
    }
}
