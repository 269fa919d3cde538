namespace K1s0.EventStore.Conformance.Accounts;

/// <summary>An account as functions. Counts how often it is asked.</summary>
public sealed class AccountDecider : IDecider<AccountState, AccountCommand, IAccountEvent>
{
    private int _decided;
    private int _evolved;

    public int Decided => _decided;

    public int Evolved => _evolved;

    /// <summary>Called while a command is decided.</summary>
    public Action<AccountState> WhileDeciding { get; set; } = static _ => { };

    public AccountState CreateInitialState() => AccountState.None;

    public AccountState Evolve(AccountState state, IAccountEvent happened)
    {
        Interlocked.Increment(ref _evolved);
        return happened switch
        {
            AccountOpened opened => state with { Owner = opened.Owner },
            AmountDeposited deposited => Moved(state, deposited.Amount),
            AmountWithdrawn withdrawn => Moved(state, -withdrawn.Amount),
            _ => throw new ArgumentOutOfRangeException(nameof(happened), happened, "No such event."),
        };
    }

    public IEnumerable<IAccountEvent> Decide(AccountCommand command, AccountState state)
    {
        Interlocked.Increment(ref _decided);
        WhileDeciding(state);
        return command switch
        {
            { Open: { } owner } => state.Owner is null ? [new AccountOpened(owner)] : [],
            { Move: > 0 } => [new AmountDeposited(command.Move)],
            { Move: < 0 } when state.Balance + command.Move < 0 => throw new OverdrawnException(),
            { Move: < 0 } => [new AmountWithdrawn(-command.Move)],
            _ => [],
        };
    }

    private static AccountState Moved(AccountState state, long amount) =>
        state with { Balance = state.Balance + amount, Movements = state.Movements + 1 };
}
