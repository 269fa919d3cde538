using System.Globalization;

namespace K1s0.EventStore;

/// <summary>Which store a position belongs to.</summary>
/// <param name="StoreId">Drawn when the store was made; a dump and its restore keep it.</param>
/// <param name="Epoch">
/// Raised by the operator after a restore that lost events: positions of another epoch mean nothing.
/// </param>
public readonly record struct StoreIdentity(Guid StoreId, long Epoch)
{
    /// <summary>Id and epoch with a slash between them.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{StoreId}/{Epoch}");
}
