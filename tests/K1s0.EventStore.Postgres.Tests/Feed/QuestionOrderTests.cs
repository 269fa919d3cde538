using System.Text.RegularExpressions;

namespace K1s0.EventStore.Postgres.Tests.Feed;

/// <summary>
/// The sequence is read before the locks, and events after both. The function that asks is stopped before each of its
/// statements in turn, while writers begin and end: wherever it stands, its answer must be right.
/// </summary>
public sealed partial class QuestionOrderTests : IAsyncLifetime
{
    private const string Gate =
        "  perform pg_advisory_lock_shared(4711);\n  perform pg_advisory_unlock_shared(4711);\n";

    private FeedStore _feed = null!;

    public async ValueTask InitializeAsync() => _feed = await FeedStore.CreateAsync();

    public ValueTask DisposeAsync() => _feed.DisposeAsync();

    [Fact]
    [Trait("PeerBug", "B02")]
    public async Task A_writer_that_begins_anywhere_in_the_middle_of_the_question_is_not_passed()
    {
        foreach (var gated in await GatedQuestionsAsync())
        {
            await using var open = await OpenAppend.BeginAsync(_feed);
            var held = 0L;
            var page = await AskWhileAsync(gated, async () =>
            {
                held = await open.AppendAsync(FeedStore.Orders);
                await _feed.AppendAsync(FeedStore.Payments);
            });

            page.Should().NotContain(position => position >= held, "the question stood before {0}", gated.Before);
            await open.CommitAsync();
            var table = await _feed.ReadTableAsync();
            page.Should().Equal(table.Take(page.Count), "the question stood before {0}", gated.Before);
        }
    }

    [Fact]
    public async Task A_writer_that_ends_anywhere_in_the_middle_of_the_question_is_on_the_page_or_behind_it()
    {
        var passed = 0;
        foreach (var gated in await GatedQuestionsAsync())
        {
            await using var open = await OpenAppend.BeginAsync(_feed);
            var held = await open.AppendAsync(FeedStore.Orders);
            var page = await AskWhileAsync(gated, async () =>
            {
                await _feed.AppendAsync(FeedStore.Payments);
                await open.CommitAsync();
            });

            var table = await _feed.ReadTableAsync();
            page.Should().Equal(table.Take(page.Count), "the question stood before {0}", gated.Before);
            passed += page.Contains(held) ? 1 : 0;
        }

        passed.Should().BePositive("a writer that ended before the locks were looked at does not hold the page back");
    }

    private async Task<List<long>> AskWhileAsync((string Sql, string Before) gated, Func<Task> interleave)
    {
        await using var keeper = await _feed.OpenSessionAsync();
        await using var asker = await _feed.OpenSessionAsync();
        await asker.ExecuteAsync(gated.Sql);
        await asker.ExecuteAsync(await GatedAsync("read_feed(bigint,int)"));
        await keeper.ExecuteAsync("select pg_advisory_lock(4711)");
        var asking = asker.ListAsync<long>("select position from event_store.gated_read_feed(0, 10000)");
        await _feed.UntilSessionsWaitAsync();
        await interleave();
        await keeper.ExecuteAsync("select pg_advisory_unlock(4711)");
        return await asking;
    }

    private async Task<string> GatedAsync(string function)
    {
        await using var session = await _feed.OpenSessionAsync();
        return (await session.ScalarAsync<string>($"select pg_get_functiondef('event_store.{function}'::regprocedure)"))
            .Replace(".settled_bound", ".gated_settled_bound", StringComparison.Ordinal)
            .Replace(".read_feed", ".gated_read_feed", StringComparison.Ordinal);
    }

    // The real function under another name, once for each statement that it always comes to.
    private async Task<List<(string Sql, string Before)>> GatedQuestionsAsync()
    {
        var definition = await GatedAsync("settled_bound()");
        var body = definition.IndexOf("\nbegin\n", StringComparison.Ordinal);
        var questions = StatementStart().Matches(definition, body)
            .Select(start => (definition.Insert(start.Index, Gate), start.Value.Trim()))
            .ToList();
        questions.Should().HaveCountGreaterThanOrEqualTo(4, "it has more statements than that:\n{0}", definition);
        return questions;
    }

    [GeneratedRegex(
        @"(?<=;\n(?:\n|  --[^\n]*\n)*)^  (?!end|else|--)\S[^\n]*$",
        RegexOptions.Multiline | RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 1000)]
    private static partial Regex StatementStart();
}
