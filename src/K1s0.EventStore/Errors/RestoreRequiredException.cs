using System.Globalization;

namespace K1s0.EventStore;

/// <summary>
/// An object lies in a storage class that cannot be read at once: it has to be restored first, or is being restored.
/// </summary>
public sealed class RestoreRequiredException : EventStoreException
{
    /// <summary>An object that has to be restored.</summary>
    /// <param name="key">The key of the object.</param>
    /// <param name="isUnderWay">Whether somebody has asked for it already.</param>
    /// <param name="estimate">How long it takes from the request on, in the worst case; null when unknown.</param>
    /// <param name="innerException">The driver's exception, if there was one.</param>
    public RestoreRequiredException(
        string key, bool isUnderWay, TimeSpan? estimate, Exception? innerException = null)
        : base(Describe([key], isUnderWay, estimate), innerException) =>
        (Key, Keys, IsUnderWay, Estimate) = (key, [key], isUnderWay, estimate);

    /// <summary>All objects that have to be restored before something can go on.</summary>
    /// <param name="keys">Their keys; at least one.</param>
    /// <param name="isUnderWay">Whether somebody has asked for all of them already.</param>
    /// <param name="estimate">How long it takes from the request on, in the worst case; null when unknown.</param>
    /// <param name="advice">What to do, as a sentence.</param>
    /// <param name="innerException">The one that was met first, if there was one.</param>
    public RestoreRequiredException(
        IReadOnlyList<string> keys,
        bool isUnderWay,
        TimeSpan? estimate,
        string advice,
        Exception? innerException = null)
        : base($"{Describe(keys, isUnderWay, estimate)} {advice}", innerException) =>
        (Key, Keys, IsUnderWay, Estimate) = (keys[0], keys, isUnderWay, estimate);

    /// <summary>The key of the object; the first one of several.</summary>
    public string Key { get; }

    /// <summary>
    /// The keys of all objects that are known to have to be restored for what was asked for; at least one.
    /// </summary>
    public IReadOnlyList<string> Keys { get; }

    /// <summary>Whether somebody has asked for it already, and for all of several.</summary>
    public bool IsUnderWay { get; }

    /// <summary>How long it takes from the request on, in the worst case; null when unknown.</summary>
    public TimeSpan? Estimate { get; }

    private static string Describe(IReadOnlyList<string> keys, bool isUnderWay, TimeSpan? estimate)
    {
        var time = estimate is { } known
            ? string.Create(CultureInfo.InvariantCulture, $"up to {known.TotalHours:0.##} hours")
            : "an unknown time";
        return (keys.Count, isUnderWay) switch
        {
            (1, true) => $"Object {keys[0]} is being restored, which takes {time} from the request on.",
            (1, false) => $"Object {keys[0]} has to be restored before it can be read, which takes {time}.",
            (_, true) => string.Create(
                CultureInfo.InvariantCulture,
                $"{keys.Count} objects, {keys[0]} the first, are being restored, which takes {time} from the request "
                + $"on."),
            _ => string.Create(
                CultureInfo.InvariantCulture,
                $"{keys.Count} objects, {keys[0]} the first, have to be restored before they can be read, which takes "
                + $"{time}."),
        };
    }
}
