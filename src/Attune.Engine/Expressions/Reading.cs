using Attune.Engine.Expressions.Nodes;

namespace Attune.Engine.Expressions;

/// <summary>Finds the variables of an expression.</summary>
static class Reading
{
    public static IReadOnlyList<VariableUse> Of(Node root)
    {
        var found = new List<VariableUse>();
        var places = new Dictionary<string, int>(StringComparer.Ordinal);
        Collect(root, false);
        return found;

        void Collect(Node node, bool isOptional)
        {
            if (node is VariableNode variable)
                Add(variable, isOptional);

            var index = 0;
            foreach (var child in node.Children)
                Collect(child, node is GuardNode guard ? isOptional || guard.Forgives(index++) : isOptional);
        }

        void Add(VariableNode variable, bool isOptional)
        {
            var use = new VariableUse(variable.Path, variable.Position) { IsOptional = isOptional };
            if (places.TryAdd(use.ToString(), found.Count))
                found.Add(use);
            else if (!isOptional)
                found[places[use.ToString()]] = found[places[use.ToString()]] with { IsOptional = false };
        }
    }
}
