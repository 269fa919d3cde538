namespace K1s0.EventStore.Postgres.Tests.Feed;

/// <summary>The ways to append, each with a function of the server behind it.</summary>
public enum AppendShape
{
    /// <summary>To one stream, in a transaction of the store's own.</summary>
    OneStream,

    /// <summary>To several streams at once, in a transaction of the store's own.</summary>
    SeveralStreams,

    /// <summary>In a transaction of the caller.</summary>
    CallersTransaction,

    /// <summary>Through the SQL function for other languages.</summary>
    SqlFunction,
}
