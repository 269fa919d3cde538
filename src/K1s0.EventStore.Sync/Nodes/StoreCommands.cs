namespace K1s0.EventStore.Sync;

/// <summary>Does what sessions want from the store of their node.</summary>
internal sealed class StoreCommands(
    IReplicaStore store, GuardedReplica replica, LogDamage? damage, SyncOptions options)
{
    private IRepairableReplicaStore Repairable => (IRepairableReplicaStore)store;

    /// <summary>Reads what a session wants to have read; null when the output is another.</summary>
    public async Task<SyncInput?> ReadAsync(SyncOutput output, CancellationToken cancellationToken) => output switch
    {
        SyncOutput.Read read => await ReadEventsAsync(read, cancellationToken).ConfigureAwait(false),
        SyncOutput.ReadLinks links => new SyncInput.LinksRead(
            await Repairable.ReadLinksAsync(links.Part.Origin, links.Part.First, links.Part.Last, cancellationToken)
                .ConfigureAwait(false),
            links.IsForPeer),
        SyncOutput.ReadWhole whole => new SyncInput.WholeRead(
            await Repairable.ReadWholeAsync(whole.Origin, whole.Sequences, whole.MaxBytes, cancellationToken)
                .ConfigureAwait(false)),
        _ => null,
    };

    /// <summary>
    /// Keeps what a session wants to have kept; null when the output wants nothing written. The caller is inside of the
    /// replica's gate.
    /// </summary>
    /// <param name="output">What the session wants.</param>
    /// <param name="cancellationToken">Gives up what takes long, before anything is written.</param>
    public async Task<SyncInput?> KeepAsync(SyncOutput output, CancellationToken cancellationToken)
    {
        switch (output)
        {
            case SyncOutput.Store wanted:
                IReadOnlyList<SyncEvent> refused = [];
                if (wanted.Events.Count > 0)
                {
                    refused = await replica.AppendWhatFitsAsync(wanted.Events).ConfigureAwait(false);
                }

                replica.TellAhead(wanted.Ahead);
                return new SyncInput.EventsStored(refused);
            case SyncOutput.Repair repair:
                await Repairable.RepairAsync(repair.Events, CancellationToken.None).ConfigureAwait(false);
                return new SyncInput.Repaired();
            case SyncOutput.Adopt adopt:
                var adoption = new BranchAdoption((IBranchReplicaStore)store, replica, damage!, options);
                return new SyncInput.Repaired(
                    await adoption.AdoptAsync(adopt, cancellationToken).ConfigureAwait(false));
            default:
                return null;
        }
    }

    private async Task<SyncInput> ReadEventsAsync(SyncOutput.Read read, CancellationToken cancellationToken)
    {
        try
        {
            return new SyncInput.EventsRead(await store.ReadAsync(
                read.After, read.UpTo, read.MaxEvents, read.MaxBytes, cancellationToken).ConfigureAwait(false));
        }
        catch (EventStoreException e) when (damage is not null && StoredLogs.IsDamage(e))
        {
            // This session has said that it is there; the next one says what is, and asks for the rest.
            await LogScrubber.ScrubAsync(Repairable, replica, damage, read.UpTo, cancellationToken)
                .ConfigureAwait(false);
            return new SyncInput.Failed(
                SyncEndReason.StoreIncomplete,
                $"damage was found meanwhile, and is asked for from now on: {e.Message}");
        }
    }
}
