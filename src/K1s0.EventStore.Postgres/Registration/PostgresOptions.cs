using System.ComponentModel.DataAnnotations;

namespace K1s0.EventStore.Postgres;

/// <summary>How one store works on PostgreSQL. Validated when the application starts.</summary>
public sealed class PostgresOptions
{
    /// <summary>
    /// How to connect: the keywords of Npgsql, or a <c>postgresql://</c> URL. Used only when the application has not
    /// registered an <c>NpgsqlDataSource</c> (with the store's name as its key, when it has one).
    /// </summary>
    /// <value>null by default: the environment variable <c>DATABASE_URL</c>, if it is set.</value>
    public string? ConnectionString { get; set; }

    /// <summary>The database schema that the store lives in; one database holds several stores by schema.</summary>
    /// <value>
    /// The environment variable <c>EVENT_STORE_SCHEMA</c>, otherwise <c>event_store</c>; see <see cref="SchemaName"/>.
    /// </value>
    [Required]
    public string Schema { get; set; } = "event_store";

    /// <summary>How many events a page has when a stream is read as a sequence.</summary>
    /// <value>The environment variable <c>EVENT_STORE_BATCH_SIZE</c>, otherwise 1,000; 1 to 10,000.</value>
    [Range(1, FeedPage.MaxEvents)]
    public int PageSize { get; set; } = 1_000;

    /// <summary>How many months of partitions are made ahead.</summary>
    /// <value>3 by default; 1 to 120.</value>
    [Range(1, 120)]
    public int MonthsAhead { get; set; } = 3;

    /// <summary>Whether the schema is made and migrated when the application starts.</summary>
    /// <value>true by default. Otherwise the start fails when the schema does not fit.</value>
    public bool MigrateOnStart { get; set; } = true;

    /// <summary>
    /// Whether statements are prepared on the server. Switch it off behind a PgBouncer below 1.21 in transaction mode.
    /// </summary>
    /// <value>true by default.</value>
    public bool PrepareStatements { get; set; } = true;

    /// <summary>
    /// How long one statement may take. An append that takes longer ends as <see
    /// cref="AppendOutcomeUnknownException"/>, unless the server says that it was undone.
    /// </summary>
    /// <value>30 seconds by default; 1 second to 10 minutes.</value>
    public TimeSpan CommandTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How often an append is repeated by itself after a transient failure: a lost connection, a server that restarts,
    /// a deadlock. Repeating is idempotent by event id, also when the lost attempt did commit.
    /// </summary>
    /// <value>3 by default; 0 to 10.</value>
    [Range(0, 10)]
    public int MaxRetries { get; set; } = 3;

    /// <summary>
    /// The wait before the first repetition; each further one waits twice as long, at most 5 seconds.
    /// </summary>
    /// <value>50 milliseconds by default; 1 millisecond to 5 seconds.</value>
    public TimeSpan RetryDelay { get; set; } = TimeSpan.FromMilliseconds(50);

    /// <summary>How many stream heads the process remembers, so that it can compute chains without asking.</summary>
    /// <value>10,000 by default, about 200 bytes each; 0 to 1,000,000.</value>
    [Range(0, 1_000_000)]
    public int HeadCacheSize { get; set; } = 10_000;

    /// <summary>
    /// How many batches of appends are under way at once, each on a connection of its own. Appends that come while all
    /// are share the next one.
    /// </summary>
    /// <value>2 by default; 1 to 32.</value>
    [Range(1, 32)]
    public int MaxWriters { get; set; } = 2;

    /// <summary>How many appends may wait for a writer; further callers wait for a place.</summary>
    /// <value>10,000 by default; 1 to 1,000,000.</value>
    [Range(1, 1_000_000)]
    public int MaxQueuedAppends { get; set; } = 10_000;

    /// <summary>
    /// Whether a server whose <c>synchronous_commit</c> or <c>fsync</c> is off is accepted. Such a server confirms
    /// appends that a crash can lose.
    /// </summary>
    /// <value>false by default: the start fails and says so.</value>
    public bool AllowUnsafeDurability { get; set; }

    /// <summary>
    /// Whether the store's appends ring for live subscriptions, and those of this process listen: see <see
    /// cref="PostgresDoorbell"/>. Without it they ask every <see cref="LiveFeedOptions.PollInterval"/>.
    /// </summary>
    /// <value>true by default.</value>
    public bool UseDoorbell { get; set; } = true;

    /// <summary>
    /// How the doorbell's listener connects, past a pooler: keywords of Npgsql, or a <c>postgresql://</c> URL. Behind a
    /// pooler in transaction mode nothing can be heard; that is noticed, logged, and subscriptions ask instead.
    /// </summary>
    /// <value>null by default: as the store does.</value>
    public string? DoorbellConnectionString { get; set; }

    /// <summary>
    /// How often the settled bound is stored for readers on a standby; null for never. A standby cannot see appends in
    /// flight, so its feed ends at the stored bound.
    /// </summary>
    /// <value>null by default.</value>
    public TimeSpan? PublishBoundEvery { get; set; }
}
