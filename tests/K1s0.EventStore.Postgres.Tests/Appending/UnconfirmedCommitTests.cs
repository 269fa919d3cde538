namespace K1s0.EventStore.Postgres.Tests.Appending;

/// <summary>
/// A commit that waits for a synchronous standby is on the server's disk, but not confirmed at the level that was
/// configured. However the wait ends, it is never reported as success, and neither is a repetition meanwhile.
/// </summary>
public sealed class UnconfirmedCommitTests(MissingStandby server) : IClassFixture<MissingStandby>
{
    public static TheoryData<string, int> Ends => new()
    {
        { "time limit", 0 },
        { "time limit", 2 },
        { "pg_cancel_backend", 0 },
        { "pg_cancel_backend", 2 },
        { "pg_terminate_backend", 0 },
        { "pg_terminate_backend", 1 },
    };

    [Theory]
    [MemberData(nameof(Ends))]
    [Trait("PeerBug", "B20")]
    public async Task A_commit_that_no_standby_confirms_is_of_unknown_outcome_however_the_wait_ends(
        string end, int retries)
    {
        var stream = Some.Stream();
        var (local, writer) = await StoresAsync(retries);
        var events = Some.Events(stream, 2);
        await server.DemandAsync();
        try
        {
            var isLimited = end is "time limit";
            var append = (isLimited ? Limited(writer) : writer).Store.AppendAsync(stream, events, 0);
            if (!isLimited)
            {
                await server.InterruptAsync(end, append);
            }

            var unknown = await Assert.ThrowsAsync<AppendOutcomeUnknownException>(() => append);

            unknown.Appends.Single().Events.Should().Equal(events);
            (await local.Store.LoadAsync(stream)).Should().HaveCount(2, "the server itself has committed them");
        }
        finally
        {
            await server.DemandNoMoreAsync();
        }

        var repeated = await writer.Store.AppendAsync(stream, events, 0);
        repeated.WasRepeated.Should().BeTrue();
        repeated.Version.Value.Should().Be(2);
        (await local.Store.LoadAsync(stream)).Should().HaveCount(2);
        (await local.VerifyAsync(stream)).VerifiedEvents.Should().Be(2);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task As_long_as_the_standby_is_missing_a_repetition_is_not_reported_as_success_either(
        bool severalStreams)
    {
        var (local, writer) = await StoresAsync(retries: 0);
        var limited = Limited(writer);
        StreamAppend[] appends = severalStreams
            ? [Some.Append(Some.Stream(), 2), Some.Append(Some.Stream())]
            : [Some.Append(Some.Stream(), 2)];
        await server.DemandAsync();
        try
        {
            for (var attempt = 0; attempt < 3; attempt++)
            {
                await Assert.ThrowsAsync<AppendOutcomeUnknownException>(() => limited.Store.AppendAsync(appends));
            }
        }
        finally
        {
            await server.DemandNoMoreAsync();
        }

        (await writer.Store.AppendAsync(appends)).Should().OnlyContain(result => result.WasRepeated);
        (await local.FeedAsync()).Should().HaveCount(appends.Sum(append => append.Events.Count));
    }

    [Fact]
    public async Task Appends_that_share_an_unconfirmed_commit_are_each_of_unknown_outcome()
    {
        var (local, writer) = await StoresAsync(retries: 0);
        writer = writer.Reopen(configure: options => options.MaxWriters = 1);
        StreamAppend[] appends =
            [.. Enumerable.Range(0, 3).Select(_ => Some.Append(Some.Stream(), 2, ExpectedVersion.NoStream))];
        await server.DemandAsync();
        try
        {
            // The first one is on its way alone; the others wait for the writer and are sent together.
            var tasks = appends.Select(append => AppendAsync(writer, append)).ToArray();
            await server.InterruptAsync("pg_cancel_backend", tasks[0]);
            await Assert.ThrowsAsync<AppendOutcomeUnknownException>(() => tasks[0]);
            await server.InterruptAsync("pg_cancel_backend", Task.WhenAll(tasks));
            foreach (var (task, append) in tasks.Zip(appends).Skip(1))
            {
                (await Assert.ThrowsAsync<AppendOutcomeUnknownException>(() => task)).Appends.Single().Events
                    .Should().Equal(append.Events);
            }
        }
        finally
        {
            await server.DemandNoMoreAsync();
        }

        foreach (var append in appends)
        {
            (await AppendAsync(writer, append)).WasRepeated.Should().BeTrue();
            (await local.Store.LoadAsync(append.StreamId)).Should().HaveCount(2);
        }
    }

    [Fact]
    public async Task Also_sessions_that_do_not_want_to_hear_warnings_hear_this_one()
    {
        var stream = Some.Stream();
        var (local, writer) = await StoresAsync(retries: 0);
        writer = writer.Reopen(server.Deaf);
        await writer.Store.GetIdentityAsync();
        var events = Some.Events(stream, 1);
        await server.DemandAsync();
        try
        {
            for (var attempt = 0; attempt < 2; attempt++)
            {
                var append = writer.Store.AppendAsync(stream, events, 0);
                await server.InterruptAsync("pg_cancel_backend", append);
                await Assert.ThrowsAsync<AppendOutcomeUnknownException>(() => append);
            }
        }
        finally
        {
            await server.DemandNoMoreAsync();
        }

        (await writer.Store.AppendAsync(stream, events, 0)).WasRepeated.Should().BeTrue();
        (await local.Store.LoadAsync(stream)).Should().ContainSingle();
    }

    [Fact]
    public async Task A_repetition_that_waits_until_the_standby_is_there_succeeds()
    {
        var stream = Some.Stream();
        var (local, writer) = await StoresAsync(retries: 0);
        var events = Some.Events(stream, 1);
        await server.DemandAsync();
        var append = writer.Store.AppendAsync(stream, events, 0);
        await server.InterruptAsync("pg_cancel_backend", append);
        await Assert.ThrowsAsync<AppendOutcomeUnknownException>(() => append);

        var repetition = writer.Store.AppendAsync(stream, events, 0);
        await server.UntilWaitingAsync();
        repetition.IsCompleted.Should().BeFalse("the session that waits for the standby is its own");
        await server.DemandNoMoreAsync();

        (await repetition).WasRepeated.Should().BeTrue();
        (await local.Store.LoadAsync(stream)).Should().ContainSingle();
    }

    private static Task<AppendResult> AppendAsync(TestStore store, StreamAppend append) =>
        store.Store.AppendAsync(append.StreamId, append.Events, append.Expected);

    // For who gives a waiting commit up by itself; whatever else is asked of the server has the usual time.
    private static TestStore Limited(TestStore writer) =>
        writer.Reopen(configure: options => options.CommandTimeout = TimeSpan.FromSeconds(2));

    // The same store over sessions that do not wait, and over those of an application.
    private async Task<(TestStore Local, TestStore Writer)> StoresAsync(int retries)
    {
        var local = await TestStore.CreateAsync(server.Local, $"store_{Guid.CreateVersion7():N}");
        var writer = local.Reopen(server.Waiting, options => options.MaxRetries = retries);

        // What is prepared before the standby is demanded is not part of what is tried.
        await writer.Store.GetIdentityAsync();
        return (local, writer);
    }
}
