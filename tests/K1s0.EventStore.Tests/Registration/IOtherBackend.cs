namespace K1s0.EventStore.Tests;

/// <summary>Stands for a second backend where only its type matters.</summary>
internal interface IOtherBackend : IEventStore, IEventAppender, IStreamReader, IFeedReader;
