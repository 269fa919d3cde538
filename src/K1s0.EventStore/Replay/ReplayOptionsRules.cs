namespace K1s0.EventStore;

/// <summary>The rules for <see cref="ReplayOptions"/>.</summary>
internal static class ReplayOptionsRules
{
    private static readonly TimeSpan Least = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan Most = TimeSpan.FromHours(1);

    /// <summary>The options, checked.</summary>
    /// <exception cref="ArgumentException">An option is out of its range; the message says which.</exception>
    public static ReplayOptions Checked(ReplayOptions? options)
    {
        options ??= new ReplayOptions();
        var faults = (new ReplayOptionsValidator().Validate(null, options).Failures ?? []).ToList();
        Check(nameof(options.RetryDelay), options.RetryDelay);
        Check(nameof(options.MaxRetryDelay), options.MaxRetryDelay);
        Check(nameof(options.ProgressInterval), options.ProgressInterval);
        Named(nameof(options.OnFailure), options.OnFailure);
        Named(nameof(options.OnCorrupted), options.OnCorrupted);
        if (options is { Target: not null, Lanes: > 1 })
        {
            faults.Add($"{nameof(options.Lanes)}: a {nameof(options.Target)} is written by one lane.");
        }

        return faults.Count == 0 ? options : throw new ArgumentException(string.Join(' ', faults), nameof(options));

        void Check(string option, TimeSpan value)
        {
            if (value < Least || value > Most)
            {
                faults.Add($"{option}: {value} is not between {Least} and {Most}.");
            }
        }

        void Named(string option, ReplayFailureAction action)
        {
            if (!Enum.IsDefined(action))
            {
                faults.Add($"{option}: {action} is no action.");
            }
            else if (action is ReplayFailureAction.RollBack && options.Target is null && !options.DryRun)
            {
                faults.Add($"{option}: nothing can be rolled back without a {nameof(options.Target)}.");
            }
        }
    }
}
