namespace K1s0.EventStore.Sync;

/// <summary>A register whose concurrent values an application merges.</summary>
internal sealed class MergePolicy<TState>(IStateMerge<TState> merge) : ConflictPolicy("merge")
{
    public IStateMerge<TState> StateMerge => merge;

    internal override KeyState NewState(ConflictKey key) => new(key, this);
}
