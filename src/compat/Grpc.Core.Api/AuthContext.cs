namespace Grpc.Core;

/// <summary>What the transport knows about the peer, such as the names in its certificate.</summary>
public class AuthContext
{
    readonly Dictionary<string, List<AuthProperty>> properties;

    /// <param name="peerIdentityPropertyName">The property that identifies the peer; null where it is not authenticated.</param>
    /// <param name="properties">By name; a property may have several values.</param>
    public AuthContext(string? peerIdentityPropertyName, Dictionary<string, List<AuthProperty>> properties)
    {
        ArgumentNullException.ThrowIfNull(properties);
        PeerIdentityPropertyName = peerIdentityPropertyName;
        this.properties = properties;
    }

    public bool IsPeerAuthenticated => PeerIdentityPropertyName is not null;

    public string? PeerIdentityPropertyName { get; }

    /// <summary>Empty where the peer is not authenticated.</summary>
    public IEnumerable<AuthProperty> PeerIdentity => PeerIdentityPropertyName is null
        ? []
        : FindPropertiesByName(PeerIdentityPropertyName);

    public IEnumerable<AuthProperty> Properties => properties.Values.SelectMany(values => values);

    public IEnumerable<AuthProperty> FindPropertiesByName(string propertyName)
        => properties.TryGetValue(propertyName, out var values) ? values : [];
}
