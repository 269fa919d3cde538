using Npgsql;

namespace K1s0.EventStore.Postgres;

/// <summary>
/// What an exactly-once subscription does with an event: its effects are written in the transaction that moves the
/// checkpoint.
/// </summary>
/// <remarks>
/// Events come one after the other, in the order of the feed. What is written through the transaction happens exactly
/// once; anything else that the handler does may happen again.
/// </remarks>
public interface ITransactionalHandler
{
    /// <summary>Handles one event.</summary>
    /// <param name="envelope">The event, as it is stored.</param>
    /// <param name="transaction">Where to write the effects; the handler neither commits it nor rolls it back.</param>
    /// <param name="cancellationToken">The subscription stops; nothing is committed.</param>
    Task HandleAsync(EventEnvelope envelope, NpgsqlTransaction transaction, CancellationToken cancellationToken);
}
