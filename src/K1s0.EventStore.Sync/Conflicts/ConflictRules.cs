namespace K1s0.EventStore.Sync;

/// <summary>
/// Which key an event touches and how conflicts on it are resolved. Every replica must use the same rules: they are
/// part of the application, as its event types are.
/// </summary>
/// <remarks>Fill it, then hand it to views; not safe to change while views use it.</remarks>
public sealed class ConflictRules
{
    private readonly Dictionary<string, (Func<EventEnvelope, string?> Property, ConflictPolicy Policy)> _rules =
        new(StringComparer.Ordinal);

    private ConflictPolicy? _otherwise;

    /// <summary>Whose acceptance counts under <see cref="ConflictPolicy.OnlineWins"/>; none by default.</summary>
    public ReplicaId Authority { get; init; }

    /// <summary>A rule for events that touch one property.</summary>
    /// <param name="eventType">The type of the events.</param>
    /// <param name="property">The property; null for the stream as a whole.</param>
    /// <param name="policy">The policy; the same for all event types that touch the property.</param>
    /// <exception cref="ArgumentException">There is a rule for the type already.</exception>
    public ConflictRules Add(string eventType, string? property, ConflictPolicy policy) =>
        Add(eventType, _ => property, policy);

    /// <summary>A rule for events that say themselves which property they touch.</summary>
    /// <param name="eventType">The type of the events.</param>
    /// <param name="property">Reads the property from the event; must depend on the event alone.</param>
    /// <param name="policy">The policy; the same for all event types that touch the property.</param>
    /// <exception cref="ArgumentException">There is a rule for the type already.</exception>
    public ConflictRules Add(string eventType, Func<EventEnvelope, string?> property, ConflictPolicy policy)
    {
        ArgumentException.ThrowIfNullOrEmpty(eventType);
        ArgumentNullException.ThrowIfNull(property);
        ArgumentNullException.ThrowIfNull(policy);
        CheckAuthority(policy);
        _rules.Add(eventType, (property, policy));
        return this;
    }

    /// <summary>
    /// The policy of all other events, each on the key of its stream. Without it they are not looked at.
    /// </summary>
    /// <param name="policy">The policy.</param>
    public ConflictRules Otherwise(ConflictPolicy policy)
    {
        ArgumentNullException.ThrowIfNull(policy);
        CheckAuthority(policy);
        _otherwise = policy;
        return this;
    }

    internal (ConflictKey Key, ConflictPolicy Policy)? Find(EventEnvelope envelope)
    {
        if (_rules.TryGetValue(envelope.EventType, out var rule))
        {
            return (new ConflictKey(envelope.StreamId, rule.Property(envelope)), rule.Policy);
        }

        return _otherwise is null ? null : (new ConflictKey(envelope.StreamId), _otherwise);
    }

    private void CheckAuthority(ConflictPolicy policy)
    {
        if (ReferenceEquals(policy, ConflictPolicy.OnlineWins) && Authority.IsNone)
        {
            throw new ArgumentException("OnlineWins needs an authority: set Authority first.", nameof(policy));
        }
    }
}
