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
        : base(Describe(key, isUnderWay, estimate), innerException) =>
        (Key, IsUnderWay, Estimate) = (key, isUnderWay, estimate);

    /// <summary>The key of the object.</summary>
    public string Key { get; }

    /// <summary>Whether somebody has asked for it already.</summary>
    public bool IsUnderWay { get; }

    /// <summary>How long it takes from the request on, in the worst case; null when unknown.</summary>
    public TimeSpan? Estimate { get; }

    private static string Describe(string key, bool isUnderWay, TimeSpan? estimate)
    {
        var time = estimate is { } known
            ? string.Create(CultureInfo.InvariantCulture, $"up to {known.TotalHours:0.##} hours")
            : "an unknown time";
        return isUnderWay
            ? $"Object {key} is being restored, which takes {time} from the request on."
            : $"Object {key} has to be restored before it can be read, which takes {time}.";
    }
}
