namespace K1s0.EventStore.Sync;

/// <summary>One step of a saga. Both halves may run more than once: give what they do an id, such as the key.</summary>
/// <param name="Name">Its name, unique in the saga.</param>
/// <param name="Act">
/// Does it. The key is the same each time. Gives null when it is done, or why it is refused for good; throws when it
/// could not be done now.
/// </param>
/// <param name="Compensate">
/// Takes it back in effect; it must succeed in the end. Throws when it cannot be done now.
/// </param>
public sealed record SagaStep(
    string Name,
    Func<string, CancellationToken, Task<string?>> Act,
    Func<string, CancellationToken, Task> Compensate);
