namespace K1s0.EventStore.Sync;

/// <summary>How transactions over several nodes are run. Read when a coordinator or a participant is made.</summary>
public sealed class TransactionOptions
{
    /// <summary>
    /// How long a participant may take to prepare before the transaction is aborted, 10 ms to 10 min.
    /// </summary>
    /// <value>5 seconds by default.</value>
    public TimeSpan PrepareTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How long somebody who is told or asked how a transaction ended may take, before the call counts as failed,
    /// 10 ms to 10 min.
    /// </summary>
    /// <value>5 seconds by default.</value>
    public TimeSpan AnswerTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a participant may be prepared without a decision before the alarm, 1 s to 1 day.</summary>
    /// <value>30 seconds by default.</value>
    public TimeSpan InDoubtAfter { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// The alarm: called by each recovery with each transaction that is prepared for longer than that. The node holds
    /// its streams until the coordinator or another participant can be asked, or an operator decides.
    /// </summary>
    public Action<InDoubtTransaction>? OnInDoubt { get; set; }

    /// <summary>
    /// The other alarm: a transaction is committed and could not be done as it was promised, or was decided otherwise
    /// by an operator. It is recorded in the store too.
    /// </summary>
    public Action<TransactionDamage>? OnDamage { get; set; }

    /// <summary>
    /// Called with each call to another node that failed or was given up, and with each transaction over which the own
    /// store failed during a recovery. Several threads may call it at once; it must be quick and must not throw.
    /// </summary>
    public Action<TransactionFailure>? OnFailure { get; set; }

    internal TransactionOptions Checked()
    {
        Range(PrepareTimeout.TotalMilliseconds, 10, 600_000, nameof(PrepareTimeout));
        Range(AnswerTimeout.TotalMilliseconds, 10, 600_000, nameof(AnswerTimeout));
        Range(InDoubtAfter.TotalSeconds, 1, 86_400, nameof(InDoubtAfter));
        return (TransactionOptions)MemberwiseClone();
    }

    private static void Range(double value, double least, double most, string name)
    {
        if (value < least || value > most)
        {
            throw new ArgumentOutOfRangeException(name, value, $"{name} must be {least} to {most}.");
        }
    }
}
