using Microsoft.Extensions.Options;

namespace K1s0.EventStore.Archive;

/// <summary>The rules for <see cref="ArchivingOptions"/> that are more than a range.</summary>
internal sealed class ArchivingOptionsRules : IValidateOptions<ArchivingOptions>
{
    private static readonly TimeSpan Longest = TimeSpan.FromDays(36_525);

    /// <summary>The options, checked: for archivers that are made without a container.</summary>
    /// <exception cref="ArgumentException">An option is out of its range; the message says which.</exception>
    public static ArchivingOptions Checked(ArchivingOptions? options)
    {
        options ??= new ArchivingOptions();
        List<ValidateOptionsResult> results =
        [
            new ArchivingOptionsValidator().Validate(null, options),
            new ArchivingOptionsRules().Validate(null, options),
        ];
        var faults = results.SelectMany(result => result.Failures ?? []).ToArray();
        return faults.Length == 0 ? options : throw new ArgumentException(string.Join(' ', faults), nameof(options));
    }

    public ValidateOptionsResult Validate(string? name, ArchivingOptions options)
    {
        List<string> faults = [];
        CheckTime(faults, nameof(options.OlderThan), options.OlderThan ?? TimeSpan.Zero, TimeSpan.Zero, Longest);
        CheckTime(faults, nameof(options.MinimumRetention), options.MinimumRetention, TimeSpan.Zero, Longest);
        CheckTime(
            faults, nameof(options.RunEvery), options.RunEvery, TimeSpan.FromSeconds(1), TimeSpan.FromDays(7));
        CheckTime(
            faults, nameof(options.LeaseDuration), options.LeaseDuration, Lease.ShortestDuration,
            Lease.LongestDuration);
        CheckTime(faults, nameof(options.MaxLag), options.MaxLag, TimeSpan.FromMinutes(1), TimeSpan.FromDays(365));
        if (options.MaxEvents < 0 || options.MaxBytes < 0)
        {
            faults.Add($"{nameof(options.MaxEvents)} and {nameof(options.MaxBytes)} are 0 or more.");
        }

        if (options.StorageClass is not (
            StorageClass.Standard or StorageClass.InfrequentAccess or StorageClass.InstantArchive))
        {
            faults.Add($"{nameof(options.StorageClass)}: a new batch has to be read at once to be verified.");
        }

        try
        {
            ConsumerName.Check(options.Owner, nameof(options.Owner));
        }
        catch (ArgumentException e)
        {
            faults.Add($"{nameof(options.Owner)}: {e.Message}");
        }

        return faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);
    }

    private static void CheckTime(List<string> faults, string name, TimeSpan value, TimeSpan least, TimeSpan most)
    {
        if (value < least || value > most)
        {
            faults.Add($"{name} is {value}; it must be {least} to {most}.");
        }
    }
}
