using Microsoft.Data.Sqlite;

namespace K1s0.EventStore.Sqlite;

/// <summary>A write with a result.</summary>
/// <param name="work">What to do inside the transaction; leaves nothing behind in memory.</param>
/// <param name="unknown">Makes the exception for a commit whose outcome nobody knows.</param>
/// <param name="bytes">Roughly how many bytes it adds to a transaction.</param>
/// <param name="cancellationToken">Gives up as long as the write waits.</param>
internal sealed class PendingWrite<TResult>(
    Func<SqliteSession, TResult> work,
    Func<string, SqliteException, Exception> unknown,
    long bytes,
    CancellationToken cancellationToken) : PendingWrite, IDisposable
{
    private const int Waiting = 0;
    private const int Taken = 1;
    private const int GivenUp = 2;

    private readonly TaskCompletionSource<TResult> _completion = new(
        TaskCreationOptions.RunContinuationsAsynchronously);

    private CancellationTokenRegistration _registration;
    private TResult? _result;
    private int _state;

    public override long Bytes => bytes;

    public Task<TResult> Completion => _completion.Task;

    /// <summary>Watches the token from now on.</summary>
    public void Watch() => _registration = cancellationToken.UnsafeRegister(
        static self => ((PendingWrite<TResult>)self!).GiveUp(), this);

    public override bool TryTake() => Interlocked.CompareExchange(ref _state, Taken, Waiting) == Waiting;

    public override void Run(SqliteSession session) => _result = work(session);

    public override void Succeed() => _completion.SetResult(_result!);

    public override void Fail(Exception reason) => _completion.SetException(reason);

    public override void FailUnknown(string reason, SqliteException exception) =>
        _completion.SetException(unknown(reason, exception));

    public void Dispose() => _registration.Dispose();

    private void GiveUp()
    {
        if (Interlocked.CompareExchange(ref _state, GivenUp, Waiting) == Waiting)
        {
            _completion.SetCanceled(cancellationToken);
        }
    }
}
