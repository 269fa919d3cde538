namespace K1s0.EventStore.Sync;

/// <summary>
/// A coordinator or a participant on another node. What carries the calls there is the application's; a call that fails
/// may have taken effect.
/// </summary>
/// <remarks>
/// It may throw whatever it wants, and may not answer at all: that counts as not reached, is told to
/// <see cref="TransactionOptions.OnFailure"/>, and decides nothing.
/// </remarks>
public interface ITransactionPeer
{
    /// <summary>Asks a participant to prepare. Its intents are durable when it says yes.</summary>
    /// <param name="work">What it is to do.</param>
    /// <param name="cancellationToken">Gives up; it may prepare all the same.</param>
    Task<TransactionVote> PrepareAsync(PreparedWork work, CancellationToken cancellationToken = default);

    /// <summary>
    /// Tells a participant the decision. When this returns it has done it, or has recorded that it cannot, durably.
    /// </summary>
    /// <param name="transactionId">The transaction.</param>
    /// <param name="isCommit">Whether it is committed.</param>
    /// <param name="cancellationToken">Gives up; it may do it all the same.</param>
    Task DecideAsync(Guid transactionId, bool isCommit, CancellationToken cancellationToken = default);

    /// <summary>
    /// Asks how a transaction stands. Whoever has neither decided it nor promised anything answers that it is aborted,
    /// and makes sure of that first. What an operator decided for one node is no answer.
    /// </summary>
    /// <param name="transactionId">The transaction.</param>
    /// <param name="cancellationToken">Gives up.</param>
    Task<TransactionStatus> AskAsync(Guid transactionId, CancellationToken cancellationToken = default);
}
