namespace K1s0.EventStore.Benchmarks.Appends;

/// <summary>A prepared insert on one connection.</summary>
internal interface IPlainInsert : IAsyncDisposable
{
    Task ExecuteAsync(AppendBatch batch);
}
