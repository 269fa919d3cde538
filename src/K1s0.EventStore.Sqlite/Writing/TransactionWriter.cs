using K1s0.EventStore.Sqlite.Telemetry;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;

namespace K1s0.EventStore.Sqlite;

/// <summary>
/// Writes batches, each in one transaction with a savepoint a write. Owns the one connection that writes. Used by one
/// thread at a time.
/// </summary>
/// <remarks>
/// An exception in the middle leaves no transaction behind: it is rolled back, or the connection is closed, which does
/// the same. The next batch opens another one.
/// </remarks>
internal sealed class TransactionWriter(Func<SqliteSession> open, string path, ILogger logger) : IDisposable
{
    private SqliteSession? _session;

    /// <summary>Writes all that can be written; every write gets its own outcome.</summary>
    public void Write(IReadOnlyList<PendingWrite> batch)
    {
        try
        {
            WriteTogether(batch);
        }
        catch (SqliteException e)
        {
            // Some errors end the whole transaction, whichever write met them. None of it is stored.
            Abandon();
            if (batch.Count == 1)
            {
                batch[0].Fail(SqliteErrors.Translate(e, path));
                return;
            }

            logger.BatchRepeated(batch.Count, e);
            foreach (var write in batch)
            {
                Write([write]);
            }
        }
        catch (Exception e)
        {
            // Not expected; the callers must not wait for ever, and the writer must go on.
            Abandon();
            foreach (var write in batch)
            {
                write.Fail(e);
            }
        }
    }

    public void Dispose() => Abandon();

    // What throws here has not reached the commit.
    private void WriteTogether(IReadOnlyList<PendingWrite> batch)
    {
        if (Begin(batch) is not { } session)
        {
            return;
        }

        var refusals = new Exception?[batch.Count];
        for (var i = 0; i < batch.Count; i++)
        {
            refusals[i] = WriteOne(session, batch[i]);
        }

        if (Commit(session) is { } failure)
        {
            Doubt(batch, refusals, failure);
            return;
        }

        for (var i = 0; i < batch.Count; i++)
        {
            if (refusals[i] is { } refusal)
            {
                batch[i].Fail(refusal);
            }
            else
            {
                batch[i].Succeed();
            }
        }
    }

    // A file that cannot be opened or locked is so for the whole batch: trying write by write would wait each time.
    private SqliteSession? Begin(IReadOnlyList<PendingWrite> batch)
    {
        try
        {
            _session ??= open();
            _session.Execute("begin_write");
            return _session;
        }
        catch (SqliteException e)
        {
            Abandon();
            foreach (var write in batch)
            {
                write.Fail(SqliteErrors.Translate(e, path));
            }

            return null;
        }
    }

    private static Exception? WriteOne(SqliteSession session, PendingWrite write)
    {
        session.Execute("mark_savepoint");
        try
        {
            write.Run(session);
        }
        catch (Exception e) when (e is not SqliteException)
        {
            session.Execute("undo_savepoint");
            session.Execute("release_savepoint");
            return e;
        }

        session.Execute("release_savepoint");
        return null;
    }

    private static SqliteException? Commit(SqliteSession session)
    {
        try
        {
            session.Execute("commit_write");
            return null;
        }
        catch (SqliteException e)
        {
            return e;
        }
    }

    // The commit record may be in the log although the flush behind it failed: as long as this process lives it does
    // not count, but if it is killed now the next opener finds it. So nobody knows, and a repetition settles it.
    private void Doubt(IReadOnlyList<PendingWrite> batch, Exception?[] refusals, SqliteException failure)
    {
        Abandon();
        logger.CommitUnknown(batch.Count, failure);
        for (var i = 0; i < batch.Count; i++)
        {
            if (refusals[i] is null)
            {
                batch[i].FailUnknown(SqliteErrors.Reason(failure, path), failure);
            }
            else
            {
                // Refused for what stood in a transaction that may not exist. Nothing of it was written in any case.
                batch[i].Fail(new StoreUnavailableException(
                    $"The transaction that the write was judged in failed. {SqliteErrors.Reason(failure, path)}",
                    failure));
            }
        }
    }

    private void Abandon()
    {
        _session?.Dispose();
        _session = null;
    }
}
