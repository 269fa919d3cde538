using System.Transactions;
using K1s0.EventStore.Postgres.Tests.GroupCommit;

namespace K1s0.EventStore.Postgres.Tests.Transactions;

/// <summary>A scope around an append does not own it: what was acknowledged stays.</summary>
public sealed class AmbientTransactionTests(StoreDatabase database) : IClassFixture<StoreDatabase>
{
    [Fact]
    public async Task An_append_inside_a_scope_that_is_rolled_back_stays()
    {
        var store = await database.NewStoreAsync();
        var stream = Some.Stream();

        using (new TransactionScope(TransactionScopeAsyncFlowOption.Enabled))
        {
            await store.Store.AppendAsync(stream, Some.Events(stream, 1), 0);
        }

        (await store.Store.LoadAsync(stream)).Should().ContainSingle();
    }

    [Fact]
    public async Task Appends_of_others_that_wait_behind_an_append_inside_a_scope_stay()
    {
        var store = await database.NewStoreAsync();
        var (inside, outside) = (Some.Stream(), Some.Stream());
        Task<AppendResult> waiting;
        await using var writer = await BlockedWriter.CreateAsync(store);
        using (new TransactionScope(TransactionScopeAsyncFlowOption.Enabled))
        {
            waiting = writer.Store.AppendAsync(inside, Some.Events(inside, 1), 0);
            Task<AppendResult> other;
            using (new TransactionScope(TransactionScopeOption.Suppress, TransactionScopeAsyncFlowOption.Enabled))
            {
                other = writer.Store.AppendAsync(outside, Some.Events(outside, 1), 0);
            }

            await writer.ReleaseAsync();
            await Task.WhenAll(waiting, other);
        }

        (await store.Store.LoadAsync(inside)).Should().ContainSingle();
        (await store.Store.LoadAsync(outside)).Should().ContainSingle();
    }
}
