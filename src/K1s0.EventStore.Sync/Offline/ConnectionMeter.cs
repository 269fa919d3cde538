namespace K1s0.EventStore.Sync;

/// <summary>Follows how well the other side can be reached. One caller at a time.</summary>
internal sealed class ConnectionMeter(TimeProvider timeProvider)
{
    // How much one more observation counts.
    private const double Weight = 0.2;

    public ConnectionState State { get; private set; }

    public DateTimeOffset? ChangedAt { get; private set; }

    public TimeSpan? RoundTrip { get; private set; }

    public double Loss { get; private set; }

    public void Answered(TimeSpan roundTrip)
    {
        RoundTrip = RoundTrip is { } known ? known + (Weight * (roundTrip - known)) : roundTrip;
        Tried(ConnectionState.Online);
    }

    public void Unreachable() => Tried(ConnectionState.Offline);

    private void Tried(ConnectionState state)
    {
        Loss += Weight * ((state is ConnectionState.Offline ? 1 : 0) - Loss);
        if (state != State)
        {
            (State, ChangedAt) = (state, timeProvider.GetUtcNow());
        }
    }
}
