namespace K1s0.EventStore.Postgres;

/// <summary>
/// Tables that are made of events and can be made again: asynchronously behind the feed, inside the appends, or anew
/// beside the tables in use.
/// </summary>
/// <remarks>
/// <para>One implementation serves all three. It names its tables by <see cref="ProjectionContext.Table"/> and writes
/// only there, so that a rebuild can hand it other tables under the same names. It must be thread-safe: a rebuild, its
/// lanes and the projection in use run side by side.</para>
/// <para>What it writes through the transaction happens exactly once; whatever else it does may happen again, and must
/// not happen while <see cref="ProjectionContext.IsRebuilding"/>.</para>
/// </remarks>
public interface IProjection
{
    /// <summary>
    /// The names of its tables, unquoted, at least one, those first that others refer to. What a name may be: see <see
    /// cref="SchemaName"/>.
    /// </summary>
    IReadOnlyList<string> Tables { get; }

    /// <summary>The database schema of its tables, which must exist.</summary>
    /// <value><c>public</c> by default.</value>
    string Schema => "public";

    /// <summary>Which events it is made of.</summary>
    /// <value>null by default: all.</value>
    FeedFilter? Filter => null;

    /// <summary>
    /// Whether a row depends on the events of one stream alone. A rebuild then works on several streams at a time.
    /// </summary>
    /// <value>false by default.</value>
    bool IsKeyedByStream => false;

    /// <summary>
    /// Makes the tables, empty, with their keys, indexes, comments and rights: when they are missing, and for a rebuild.
    /// </summary>
    /// <param name="context">Where; a rebuild makes them under other names, with the same content.</param>
    /// <param name="cancellationToken">Gives up; nothing is made.</param>
    Task CreateTablesAsync(ProjectionContext context, CancellationToken cancellationToken);

    /// <summary>Writes what the events mean: all of it, or an exception and nothing.</summary>
    /// <param name="events">
    /// At least one event, in the order of the feed; the more there are, the more one statement can do. Inside of an
    /// append: the events of that append.
    /// </param>
    /// <param name="context">Where to write.</param>
    /// <param name="cancellationToken">Gives up; nothing is committed.</param>
    Task ApplyAsync(
        IReadOnlyList<EventEnvelope> events, ProjectionContext context, CancellationToken cancellationToken);
}
