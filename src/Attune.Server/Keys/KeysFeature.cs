using System.ComponentModel.DataAnnotations;
using Attune.Server.Hosting;
using Microsoft.Extensions.Options;

namespace Attune.Server.Keys;

public sealed class SecurityOptions
{
    public const string Section = "Security";

    /// <summary>Lines of `keyid:base64 of 32 bytes`, mode 0600. The same file on every replica.</summary>
    [Required(ErrorMessage = "Security:MasterKeyFile is not set. It names the file with the key that protects every stored secret.")]
    public string MasterKeyFile { get; set; } = "";
}

[OptionsValidator]
sealed partial class SecurityOptionsValidator : IValidateOptions<SecurityOptions>;

static class KeysFeature
{
    public static IServiceCollection AddKeys(this IServiceCollection services) => services
        .AddSettings<SecurityOptions, SecurityOptionsValidator>(SecurityOptions.Section)
        .AddSingleton(provider => MasterKeys.Read(provider.GetRequiredService<IOptions<SecurityOptions>>().Value.MasterKeyFile))
        .AddSingleton<SecretBox>()
        .AddSingleton<KeyStore>();
}
