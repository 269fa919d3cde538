namespace K1s0.EventStore;

/// <summary>
/// One of the handlers of a replay. An event goes to every handler that takes its type, in the order of the handlers.
/// </summary>
public sealed record ReplayHandler
{
    /// <summary>A handler.</summary>
    /// <param name="name">What reports and traces call it; not empty.</param>
    /// <param name="handler">
    /// What to do with an event; <see cref="EventHandlers"/> has one function a type. It must be thread-safe when there
    /// is more than one lane.
    /// </param>
    public ReplayHandler(string name, ISubscriptionHandler handler)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(handler);
        (Name, Handler) = (name, handler);
    }

    /// <summary>A handler made of a function.</summary>
    /// <param name="name">What reports and traces call it; not empty.</param>
    /// <param name="handle">What to do with an event.</param>
    public ReplayHandler(string name, Func<EventEnvelope, CancellationToken, ValueTask> handle)
        : this(name, new FunctionHandler(handle ?? throw new ArgumentNullException(nameof(handle))))
    {
    }

    /// <summary>What reports and traces call it.</summary>
    public string Name { get; }

    /// <summary>What to do with an event.</summary>
    public ISubscriptionHandler Handler { get; }

    /// <summary>The types of event that it takes.</summary>
    /// <value>null by default, or empty: all.</value>
    public IReadOnlyCollection<string>? EventTypes { get; init; }

    /// <summary>How often it is tried for an event, the first time included.</summary>
    /// <value>null by default: as <see cref="ReplayOptions.MaxAttempts"/> says; otherwise 1 to 1,000.</value>
    public int? MaxAttempts
    {
        get;
        init
        {
            if (value is { } attempts)
            {
                ArgumentOutOfRangeException.ThrowIfLessThan(attempts, 1, nameof(value));
                ArgumentOutOfRangeException.ThrowIfGreaterThan(attempts, 1_000, nameof(value));
            }

            field = value;
        }
    }

    internal bool Takes(string eventType) =>
        EventTypes is not { Count: > 0 } types || types.Contains(eventType, StringComparer.Ordinal);

    private sealed class FunctionHandler(Func<EventEnvelope, CancellationToken, ValueTask> handle)
        : ISubscriptionHandler
    {
        public ValueTask HandleAsync(EventEnvelope envelope, CancellationToken cancellationToken) =>
            handle(envelope, cancellationToken);
    }
}
