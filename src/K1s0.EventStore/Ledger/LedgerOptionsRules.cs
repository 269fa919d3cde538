using K1s0.EventStore.Integrity;
using Microsoft.Extensions.Options;

namespace K1s0.EventStore;

/// <summary>The rules for <see cref="LedgerOptions"/> that are more than a range.</summary>
internal sealed class LedgerOptionsRules : IValidateOptions<LedgerOptions>
{
    /// <summary>The options, checked: for sealers and publishers that are made without a container.</summary>
    /// <exception cref="ArgumentException">An option is out of its range; the message says which.</exception>
    public static LedgerOptions Checked(LedgerOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        List<ValidateOptionsResult> results =
        [
            new LedgerOptionsValidator().Validate(null, options), new LedgerOptionsRules().Validate(null, options),
        ];
        var faults = results.SelectMany(result => result.Failures ?? []).ToArray();
        return faults.Length == 0 ? options : throw new ArgumentException(string.Join(' ', faults), nameof(options));
    }

    public ValidateOptionsResult Validate(string? name, LedgerOptions options)
    {
        List<string> faults = [];
        Check(faults, nameof(options.Origin), () => _ = new TreeHead(options.Origin, 0, MerkleHash.Empty));
        Check(faults, nameof(options.Owner), () => ConsumerName.Check(options.Owner, nameof(options.Owner)));
        if (options.Signers.Count is 0 or > SignedNote.MaxSignatures)
        {
            faults.Add($"{nameof(options.Signers)}: there must be 1 to {SignedNote.MaxSignatures}.");
        }

        CheckTime(faults, nameof(options.SealEvery), options.SealEvery,
            TimeSpan.FromMilliseconds(20), TimeSpan.FromMinutes(1));
        CheckTime(faults, nameof(options.PublishEvery), options.PublishEvery,
            TimeSpan.FromSeconds(1), TimeSpan.FromDays(1));
        CheckTime(faults, nameof(options.LeaseDuration), options.LeaseDuration,
            Lease.ShortestDuration, Lease.LongestDuration);
        CheckTime(faults, nameof(options.RetryDelay), options.RetryDelay,
            TimeSpan.FromMilliseconds(100), TimeSpan.FromHours(1));
        CheckTime(faults, nameof(options.MaxLag), options.MaxLag, TimeSpan.FromSeconds(1), TimeSpan.FromDays(1));
        return faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);
    }

    private static void Check(List<string> faults, string option, Action make)
    {
        try
        {
            make();
        }
        catch (ArgumentException e)
        {
            faults.Add($"{option}: {e.Message}");
        }
    }

    private static void CheckTime(List<string> faults, string option, TimeSpan value, TimeSpan least, TimeSpan most)
    {
        if (value < least || value > most)
        {
            faults.Add($"{option}: {value} is not between {least} and {most}.");
        }
    }
}
