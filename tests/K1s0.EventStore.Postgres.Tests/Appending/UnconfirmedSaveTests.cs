namespace K1s0.EventStore.Postgres.Tests.Appending;

/// <summary>
/// A claim, a checkpoint or a snapshot whose commit no standby confirms is not reported as saved, and neither is a
/// repetition meanwhile.
/// </summary>
public sealed class UnconfirmedSaveTests(MissingStandby server) : IClassFixture<MissingStandby>
{
    public static TheoryData<SaveKind, string> Ends => new()
    {
        { SaveKind.Claim, "pg_cancel_backend" },
        { SaveKind.Checkpoint, "pg_cancel_backend" },
        { SaveKind.Snapshot, "pg_cancel_backend" },
        { SaveKind.Checkpoint, "pg_terminate_backend" },
        { SaveKind.Checkpoint, "time limit" },
    };

    public static TheoryData<SaveKind> Kinds => [.. Enum.GetValues<SaveKind>()];

    [Theory]
    [MemberData(nameof(Ends))]
    public async Task A_save_that_no_standby_confirms_is_of_unknown_outcome_and_so_is_a_repetition(
        SaveKind kind, string end)
    {
        var (local, writer) = await StoresAsync(end);
        var save = await Save.PrepareAsync(local, kind);
        await server.DemandAsync();
        try
        {
            for (var attempt = 0; attempt < 2; attempt++)
            {
                await UnknownAsync(writer, save, end);
                (await save.IsStoredAsync()).Should().BeTrue("the server itself has committed it");
            }
        }
        finally
        {
            await server.DemandNoMoreAsync();
        }

        await save.MakeAsync(writer);
        (await save.IsStoredAsync()).Should().BeTrue();
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Also_sessions_that_do_not_want_to_hear_warnings_hear_this_one(SaveKind kind)
    {
        var (local, writer) = await StoresAsync("pg_cancel_backend");
        writer = writer.Reopen(server.Deaf);
        await writer.Store.GetIdentityAsync();
        var save = await Save.PrepareAsync(local, kind);
        await server.DemandAsync();
        try
        {
            for (var attempt = 0; attempt < 2; attempt++)
            {
                await UnknownAsync(writer, save, "pg_cancel_backend");
            }
        }
        finally
        {
            await server.DemandNoMoreAsync();
        }
    }

    [Fact]
    public async Task A_token_that_fires_while_the_commit_waits_does_not_make_it_a_success()
    {
        var (local, writer) = await StoresAsync("pg_cancel_backend");
        var claim = await local.Checkpoints.ClaimAsync("consumer", "owner");
        var checkpoint = new Checkpoint(new Position(7), await local.Store.GetIdentityAsync());
        using var cancellation = new CancellationTokenSource();
        await server.DemandAsync();
        try
        {
            var saving = writer.Checkpoints.SaveAsync(claim, checkpoint, cancellation.Token);
            await server.UntilWaitingAsync();
            await cancellation.CancelAsync();

            (await Record.ExceptionAsync(() => saving)).Should().Match(
                failure => failure is WriteOutcomeUnknownException || failure is OperationCanceledException,
                "both say that it may have been saved");
        }
        finally
        {
            await server.DemandNoMoreAsync();
        }

        (await writer.Checkpoints.SaveAsync(claim, checkpoint)).Checkpoint.Should().Be(checkpoint);
    }

    private async Task UnknownAsync(TestStore writer, Save save, string end)
    {
        var saving = save.MakeAsync(writer);
        if (end is not "time limit")
        {
            await server.InterruptAsync(end, saving);
        }

        (await Assert.ThrowsAsync<WriteOutcomeUnknownException>(() => saving)).IsTransient.Should().BeTrue();
    }

    // The same store over sessions that do not wait, and over those of an application.
    private async Task<(TestStore Local, TestStore Writer)> StoresAsync(string end)
    {
        var local = await TestStore.CreateAsync(server.Local, $"store_{Guid.CreateVersion7():N}");
        var writer = local.Reopen(
            server.Waiting, options => options.CommandTimeout = TimeSpan.FromSeconds(end is "time limit" ? 2 : 30));
        await writer.Store.GetIdentityAsync();
        return (local, writer);
    }
}
