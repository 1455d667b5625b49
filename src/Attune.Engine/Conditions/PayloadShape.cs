using Attune.Engine.Schemas;

namespace Attune.Engine.Conditions;

/// <summary>What is known of the payload before there is one: its schema, where the trigger has one.</summary>
sealed class PayloadShape(Schema? schema)
{
    /// <summary>Null where anything may be, or where <paramref name="problem"/> says that nothing can be there.</summary>
    public SchemaField? Find(IReadOnlyList<FieldStep> steps, out string? problem)
    {
        problem = null;
        SchemaField? field = null;
        var fields = schema;
        for (var at = 0; at < steps.Count; at++)
        {
            var name = steps[at].Name;
            if (at > 0 && field is null)
                return null;

            problem = (name, field?.Type) switch
            {
                (null, null) => "The payload is no list.",
                (null, not (FieldType.Array or FieldType.Any)) => $"'{Written(steps, at)}' is {field!.TypeName}, not a list.",
                (not null, not (null or FieldType.Object or FieldType.Any))
                    => $"'{Written(steps, at)}' is {field!.TypeName}: there is no '{Cut(name)}' in it.",
                _ => null,
            };
            if (problem is not null)
                return null;

            var found = name is null ? field!.Items : fields?.Fields.FirstOrDefault(each => each.Name == name);
            if (found is null && name is not null && fields is not null)
                problem = Unknown(steps, at, fields);
            if (found is null)
                return null;

            (field, fields) = (found, found.Properties);
        }

        return field;
    }

    /// <summary>The field, something in it or something around it is secret.</summary>
    public bool IsSecret(IReadOnlyList<FieldStep> steps)
    {
        if (schema is not { HasSecrets: true })
            return false;

        // Secrets in a list make the list secret as a whole, so their paths hold names only.
        var names = string.Join('.', steps.TakeWhile(step => step.Name is not null).Select(step => step.Name)) + ".";
        return schema.SecretPaths.Any(secret => names is "." || names.StartsWith(secret + ".", StringComparison.Ordinal)
            || (secret + ".").StartsWith(names, StringComparison.Ordinal));
    }

    static string Unknown(IReadOnlyList<FieldStep> steps, int at, Schema fields)
    {
        var name = steps[at].Name!;
        var within = at == 0 ? "the payload" : $"'{Written(steps, at)}'";
        if (at == 0 && steps.Count > 1 && name is "event" or "payload")
            return $"There is no '{name}' in the payload, where a field begins: write what comes after `payload`.";

        return $"There is no '{Cut(name)}' in {within}.{NearestName.Suggest(name, fields.Names)}";
    }

    static string Written(IReadOnlyList<FieldStep> steps, int count) => Cut(string.Concat(steps.Take(count)
        .Select((step, at) => step.Name is null ? $"[{step.Index}]" : at == 0 ? step.Name : $".{step.Name}")));

    static string Cut(string name) => name.Length <= 60 ? name : name[..60] + "…";
}
