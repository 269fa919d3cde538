namespace K1s0.EventStore.Sync;

/// <summary>A register: one value, or those that are concurrent.</summary>
internal sealed class RegisterPolicy(string name, RegisterRule rule) : ConflictPolicy(name)
{
    public RegisterRule Rule => rule;

    internal override KeyState NewState(ConflictKey key) => new(key, this);
}
