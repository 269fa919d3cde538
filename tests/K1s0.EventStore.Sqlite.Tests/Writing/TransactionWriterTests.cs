using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;

namespace K1s0.EventStore.Sqlite.Tests.Writing;

public sealed class TransactionWriterTests : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();

    private string Path => _folder.File("store.db");

    public async ValueTask InitializeAsync()
    {
        await using var store = new TestStore(Path);
        await store.File.OpenAsync();
    }

    public ValueTask DisposeAsync()
    {
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public void A_write_is_acknowledged_only_when_other_connections_see_it()
    {
        using var foreign = new Foreign(Path);
        using var writer = NewWriter();
        Probe[] batch = [new(foreign), new(foreign), new(foreign)];

        writer.Write(batch);

        batch.Should().OnlyContain(write => write.SeenAtAcknowledgement == 1 + batch.Length);
    }

    [Fact]
    public void The_writes_of_a_batch_share_one_transaction()
    {
        using var foreign = new Foreign(Path);
        using var writer = NewWriter();
        Probe[] batch = [new(foreign), new(foreign), new(foreign)];

        writer.Write(batch);

        batch.Should().OnlyContain(write => write.SeenWhileWriting == 1, "nothing is committed between them");
    }

    [Fact]
    public void A_refused_write_is_undone_alone()
    {
        using var foreign = new Foreign(Path);
        using var writer = NewWriter();
        Probe[] batch = [new(foreign), new(foreign) { Refusal = new InvalidDataException() }, new(foreign)];

        writer.Write(batch);

        batch[1].Failure.Should().BeOfType<InvalidDataException>();
        (batch[0].Failure, batch[2].Failure).Should().Be((null, null));
        batch[2].SeenAtAcknowledgement.Should().Be(3);
    }

    private TransactionWriter NewWriter()
    {
        var options = new SqliteOptions { FilePath = Path };
        return new TransactionWriter(
            () => SqliteSession.Open(options, SqliteOpenMode.ReadWrite, static _ => { }), Path, NullLogger.Instance);
    }

    /// <summary>Raises the epoch by one, and looks at it through another connection.</summary>
    private sealed class Probe(Foreign foreign) : PendingWrite
    {
        public override long Bytes => 0;

        public Exception? Refusal { get; init; }

        public Exception? Failure { get; private set; }

        public long SeenWhileWriting { get; private set; }

        public long SeenAtAcknowledgement { get; private set; }

        public override bool TryTake() => true;

        public override void Run(SqliteSession session)
        {
            session.Query("begin_epoch", SqliteStoreFile.ReadIdentity);
            SeenWhileWriting = Epoch();
            if (Refusal is not null)
            {
                throw Refusal;
            }
        }

        public override void Succeed() => SeenAtAcknowledgement = Epoch();

        public override void Fail(Exception reason) => Failure = reason;

        public override void FailUnknown(string reason, SqliteException exception) => Failure = exception;

        private long Epoch() => foreign.Scalar<long>("select epoch from store");
    }
}
