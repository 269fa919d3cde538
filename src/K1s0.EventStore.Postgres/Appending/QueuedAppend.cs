namespace K1s0.EventStore.Postgres;

/// <summary>
/// An append that waits for a writer. It can be given up until a writer takes it, and not afterwards.
/// </summary>
internal sealed class QueuedAppend : IDisposable
{
    private const int Waiting = 0;
    private const int Taken = 1;
    private const int GivenUp = 2;

    private readonly TaskCompletionSource<AppendResult> _completion = new(
        TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationToken _cancellationToken;
    private readonly CancellationTokenRegistration _registration;
    private int _state;

    public QueuedAppend(ValidatedAppend append, CancellationToken cancellationToken)
    {
        Append = append;
        _cancellationToken = cancellationToken;
        foreach (var envelope in append.Events)
        {
            Bytes += envelope.PayloadUtf8.Length + envelope.MetadataUtf8.Length;
        }

        _registration = cancellationToken.UnsafeRegister(static self => ((QueuedAppend)self!).GiveUp(), this);
    }

    public ValidatedAppend Append { get; }

    public long Bytes { get; }

    /// <summary>Its place in the queue; guarded by the queue's lock.</summary>
    public LinkedListNode<QueuedAppend>? Node { get; set; }

    /// <summary>
    /// Whether its stream has moved on, by what this process knows; guarded by the queue's lock until it is taken.
    /// </summary>
    public bool IsLate { get; set; }

    public Task<AppendResult> Completion => _completion.Task;

    /// <summary>Whether the append is the caller's of this method now; false when it was given up.</summary>
    public bool TryTake() => Interlocked.CompareExchange(ref _state, Taken, Waiting) == Waiting;

    public void Succeed(AppendResult result) => _completion.SetResult(result);

    public void Fail(Exception reason) => _completion.SetException(reason);

    public void Dispose() => _registration.Dispose();

    private void GiveUp()
    {
        if (Interlocked.CompareExchange(ref _state, GivenUp, Waiting) == Waiting)
        {
            _completion.SetCanceled(_cancellationToken);
        }
    }
}
