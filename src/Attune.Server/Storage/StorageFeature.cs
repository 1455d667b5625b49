using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Attune.Server.Storage;

public static class StorageFeature
{
    /// <summary>One data source and one LISTEN connection for the whole process, from the section `Storage`.</summary>
    public static IServiceCollection AddStorage(this IServiceCollection services)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddOptions<StorageOptions>().BindConfiguration(StorageOptions.Section).ValidateOnStart();
        return services
            .AddSingleton<IValidateOptions<StorageOptions>, StorageOptionsValidator>()
            .AddSingleton(provider => Database.Open(provider.GetRequiredService<IOptions<StorageOptions>>().Value, "attune-server"))
            .AddSingleton<DatabaseListener>()
            .AddHostedService(provider => provider.GetRequiredService<DatabaseListener>());
    }
}
