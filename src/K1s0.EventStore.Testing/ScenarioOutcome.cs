namespace K1s0.EventStore.Testing;

/// <summary>What a command led to. Not thread-safe.</summary>
/// <typeparam name="TState">The state.</typeparam>
/// <typeparam name="TEvent">What all events have in common.</typeparam>
public sealed class ScenarioOutcome<TState, TEvent>
    where TEvent : notnull
{
    private readonly IReadOnlyList<TEvent> _happened;
    private readonly Exception? _refusal;
    private readonly StoredForm<TEvent> _form;
    private readonly Func<TState> _getState;

    internal ScenarioOutcome(
        IReadOnlyList<TEvent> happened, Exception? refusal, StoredForm<TEvent> form, Func<TState> getState) =>
        (_happened, _refusal, _form, _getState) = (happened, refusal, form, getState);

    /// <summary>The command led to exactly these events, in this order.</summary>
    /// <param name="expected">The events.</param>
    /// <exception cref="ScenarioFailedException">It led to others, or was refused.</exception>
    public ScenarioOutcome<TState, TEvent> Then(params TEvent[] expected)
    {
        ArgumentNullException.ThrowIfNull(expected);
        MustNotBeRefused();
        Difference.Check("The events", expected, [.. _form.Read(_happened)], _form.AreEqual, _form.Show);
        return this;
    }

    /// <summary>The command was accepted and led to no event.</summary>
    /// <exception cref="ScenarioFailedException">It led to some, or was refused.</exception>
    public ScenarioOutcome<TState, TEvent> ThenNothing() => Then();

    /// <summary>The command was refused with this kind of exception, and nothing has happened.</summary>
    /// <typeparam name="TException">What the domain throws.</typeparam>
    /// <param name="check">
    /// Looks at the exception: throws whatever the test framework throws, or returns; null to look no further.
    /// </param>
    /// <exception cref="ScenarioFailedException">It was accepted, or refused with another one.</exception>
    public ScenarioOutcome<TState, TEvent> ThenThrows<TException>(Action<TException>? check = null)
        where TException : Exception
    {
        if (_refusal is not TException refusal)
        {
            throw new ScenarioFailedException(
                _refusal is null
                    ? $"The command should have been refused with {typeof(TException)}, but led to "
                        + $"{(_happened.Count == 0 ? "nothing" : string.Join(", ", _happened.Select(_form.Show)))}."
                    : $"The command should have been refused with {typeof(TException)}, but was with "
                        + $"{_refusal.GetType()}: {_refusal.Message}",
                _refusal);
        }

        // A class may have recorded something before it thought better of it: that would never be appended.
        check?.Invoke(refusal);
        return this;
    }

    /// <summary>The state behind the command is this.</summary>
    /// <param name="expected">The state, compared by <see cref="object.Equals(object)"/>.</param>
    /// <exception cref="ScenarioFailedException">It is another one, or the command was refused.</exception>
    public ScenarioOutcome<TState, TEvent> ThenState(TState expected)
    {
        MustNotBeRefused();
        CheckState(expected, _getState());
        return this;
    }

    /// <summary>Looks at the state behind the command.</summary>
    /// <param name="check">Throws whatever the test framework throws, or returns.</param>
    /// <exception cref="ScenarioFailedException">The command was refused.</exception>
    public ScenarioOutcome<TState, TEvent> ThenState(Action<TState> check)
    {
        ArgumentNullException.ThrowIfNull(check);
        MustNotBeRefused();
        check(_getState());
        return this;
    }

    internal static void CheckState(TState expected, TState actual)
    {
        if (!EqualityComparer<TState>.Default.Equals(expected, actual))
        {
            throw new ScenarioFailedException(
                $"The state is not as expected.{Environment.NewLine}Expected: {expected}{Environment.NewLine}"
                + $"Actual: {actual}");
        }
    }

    // A refusal is an outcome here; whoever expects events is told of it.
    internal static (IReadOnlyList<TEvent> Happened, Exception? Refusal) Try(Func<IReadOnlyList<TEvent>> decide)
    {
        try
        {
            return (decide(), null);
        }
        catch (Exception e)
        {
            return ([], e);
        }
    }

    private void MustNotBeRefused()
    {
        if (_refusal is not null)
        {
            throw new ScenarioFailedException(
                $"The command was refused with {_refusal.GetType()}: {_refusal.Message}", _refusal);
        }
    }
}
