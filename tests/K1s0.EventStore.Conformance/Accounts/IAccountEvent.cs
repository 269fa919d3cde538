namespace K1s0.EventStore.Conformance.Accounts;

/// <summary>Something that happened to an account.</summary>
public interface IAccountEvent;
