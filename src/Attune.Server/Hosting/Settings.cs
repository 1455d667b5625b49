using System.Collections;
using System.Reflection;
using Microsoft.Extensions.Options;

namespace Attune.Server.Hosting;

static class Settings
{
    /// <summary>Binds a section to its options class, checked before the server starts.</summary>
    public static IServiceCollection AddSettings<TOptions, TValidator>(this IServiceCollection services, string section)
        where TOptions : class
        where TValidator : class, IValidateOptions<TOptions>
    {
        services.AddOptions<TOptions>().BindConfiguration(section).ValidateOnStart();
        return services.AddSingleton<IValidateOptions<TOptions>, TValidator>();
    }

    /// <summary>Every configured key that no options class of the server has, each with the nearest one that exists.</summary>
    public static IReadOnlyList<string> FindUnknown(IConfiguration configuration)
    {
        var known = KnownKeys();
        return
        [
            .. configuration.AsEnumerable()
                .Where(pair => pair.Value is not null)
                .Select(pair => pair.Key)
                .Where(key => !known.Contains(key) && !known.Contains(ParentOf(key)))
                .Order(StringComparer.OrdinalIgnoreCase)
                .Select(key => $"{key} is no setting; did you mean {known.MinBy(other => Distance(key, other))}?"),
        ];
    }

    // An options class says where it is bound by its const Section: the one fact that binding and this check both read.
    static HashSet<string> KnownKeys()
        => (from type in typeof(Settings).Assembly.GetTypes()
            let section = type.GetField("Section", BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static)
            where section is { IsLiteral: true } && section.FieldType == typeof(string)
            from property in type.GetProperties(BindingFlags.Public | BindingFlags.Instance)
            where property.CanWrite || property.PropertyType.IsAssignableTo(typeof(IEnumerable))
            select $"{section.GetRawConstantValue()}:{property.Name}").ToHashSet(StringComparer.OrdinalIgnoreCase);

    // Items of a list are keys of their own: Server:Listen:0.
    static string ParentOf(string key) => ConfigurationPath.GetParentPath(key) ?? "";

    static int Distance(string one, string other)
    {
        var row = Enumerable.Range(0, other.Length + 1).ToArray();
        for (var i = 1; i <= one.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= other.Length; j++)
            {
                var same = char.ToLowerInvariant(one[i - 1]) == char.ToLowerInvariant(other[j - 1]);
                (diagonal, row[j]) = (row[j], Math.Min(Math.Min(row[j] + 1, row[j - 1] + 1), diagonal + (same ? 0 : 1)));
            }
        }

        return row[^1];
    }
}
