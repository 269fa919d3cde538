namespace K1s0.EventStore;

/// <summary>
/// A projection was not rebuilt. The tables in use are as they were, and what was rebuilt so far is kept beside them.
/// </summary>
public sealed class ProjectionRebuildException : EventStoreException
{
    /// <summary>A rebuild that did not come to its end.</summary>
    /// <param name="projection">The name of the projection.</param>
    /// <param name="failure">Why, for programs.</param>
    /// <param name="reason">Why, for people: a sentence.</param>
    /// <param name="innerException">The cause, if there is one.</param>
    public ProjectionRebuildException(
        string projection, RebuildFailure failure, string reason, Exception? innerException = null)
        : base($"Projection {projection} was not rebuilt: {reason}", innerException) =>
        (Projection, Failure) = (projection, failure);

    /// <summary>The name of the projection.</summary>
    public string Projection { get; }

    /// <summary>Why.</summary>
    public RebuildFailure Failure { get; }

    /// <summary>True when it only took too long.</summary>
    public override bool IsTransient => Failure is RebuildFailure.NotInTime;
}
