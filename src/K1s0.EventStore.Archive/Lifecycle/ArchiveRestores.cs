using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace K1s0.EventStore.Archive;

/// <summary>
/// Asks for cold batches to be made readable, by tickets that lie in the bucket (<c>restores/id.json</c>), so that any
/// process can ask for their standing. Thread-safe.
/// </summary>
/// <param name="objects">Where the batches are.</param>
/// <param name="listings">The listing that counts; the manifests of the bucket alone when null.</param>
/// <param name="costs">What it costs; by <see cref="PriceTable.Default"/> when null.</param>
/// <param name="timeProvider">The time of tickets; the system's clock when null.</param>
public sealed partial class ArchiveRestores(
    IObjectStore objects,
    IArchiveListings? listings = null,
    CostModel? costs = null,
    TimeProvider? timeProvider = null)
{
    private const string Folder = "restores/";

    private readonly IArchiveListings _listings = listings ?? new BucketListings(objects, timeProvider);
    private readonly CostModel _costs = costs ?? new CostModel();
    private readonly TimeProvider _timeProvider = timeProvider ?? TimeProvider.System;

    /// <summary>What a request would do, and cost. Asks for nothing.</summary>
    /// <param name="from">The earliest time that events were recorded at.</param>
    /// <param name="before">The time that they were recorded before.</param>
    /// <param name="request">How urgent, and for how long.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="ArgumentException">A class has no restore of that priority; the time is none.</exception>
    public async Task<RestorePreview> PreviewAsync(
        DateTimeOffset from,
        DateTimeOffset before,
        RestoreRequest request,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        var found = await FindAsync(from, before, cancellationToken).ConfigureAwait(false);
        var cold = found.Where(info => !info.Restoration.IsReadable).ToList();
        return new RestorePreview(
            found.Count,
            cold.Count,
            cold.Sum(info => info.Length),
            Estimate(cold, request.Priority),
            cold.Sum(info => Cost(_costs.Read(info.Attributes.StorageClass, info.Length, request.Priority))));
    }

    /// <summary>
    /// Asks for all batches with events of a time. The ticket is stored first: cut off in the middle, it stands at
    /// <see cref="RestoreTicketState.RequestNeeded"/>, and <see cref="RepeatAsync"/> goes on.
    /// </summary>
    /// <param name="from">The earliest time that events were recorded at.</param>
    /// <param name="before">The time that they were recorded before.</param>
    /// <param name="request">How urgent, and for how long.</param>
    /// <param name="cancellationToken">Gives up between two batches.</param>
    /// <exception cref="ArgumentException">A class has no restore of that priority; the time is none.</exception>
    /// <exception cref="StoreUnavailableException">The store cannot be asked at the moment.</exception>
    /// <exception cref="StoreOperationException">The store refuses, or cannot restore.</exception>
    public async Task<RestoreTicket> RequestAsync(
        DateTimeOffset from,
        DateTimeOffset before,
        RestoreRequest request,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        var found = await FindAsync(from, before, cancellationToken).ConfigureAwait(false);
        return await RequestAsync(found, (from, before), request, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// Asks for batches by their keys, whether a listing has them or not: for those that a
    /// <see cref="RestoreRequiredException"/> names. The ticket is stored first, and is of the time of their events.
    /// </summary>
    /// <param name="keys">Their keys; at least one.</param>
    /// <param name="request">How urgent, and for how long.</param>
    /// <param name="cancellationToken">Gives up between two batches.</param>
    /// <exception cref="ArgumentException">
    /// A class has no restore of that priority; or there is no key, or one of no batch.
    /// </exception>
    /// <exception cref="ObjectDamagedException">One is not there.</exception>
    /// <exception cref="StoreUnavailableException">The store cannot be asked at the moment.</exception>
    /// <exception cref="StoreOperationException">The store refuses, or cannot restore.</exception>
    public async Task<RestoreTicket> RequestAsync(
        IReadOnlyList<string> keys, RestoreRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(keys);
        ArgumentNullException.ThrowIfNull(request);
        ArgumentOutOfRangeException.ThrowIfZero(keys.Count, nameof(keys));
        var found = new List<ObjectInfo>();
        foreach (var key in keys)
        {
            found.Add(await objects.HeadAsync(new ObjectKey(key), cancellationToken).ConfigureAwait(false)
                ?? throw new ObjectDamagedException(key, "it is not there."));
        }

        var times = found.ConvertAll(info => EventBatch.TimesOf(info.Attributes)
            ?? throw new ArgumentException($"Object {info.Key} is no batch.", nameof(keys)));
        var latest = times.Max(time => time.Latest);
        return await RequestAsync(
            found,
            (times.Min(time => time.Earliest), latest + TimeSpan.FromMicroseconds(1)),
            request,
            cancellationToken).ConfigureAwait(false);
    }

    private async Task<RestoreTicket> RequestAsync(
        List<ObjectInfo> found,
        (DateTimeOffset From, DateTimeOffset Before) time,
        RestoreRequest request,
        CancellationToken cancellationToken)
    {
        var now = _timeProvider.GetUtcNow();
        var ticket = new RestoreTicket(
            Guid.CreateVersion7(now),
            now,
            time.From,
            time.Before,
            request.Priority,
            request.Days,
            Estimate(found.Where(info => !info.Restoration.IsReadable), request.Priority),
            [.. found.Select(info => info.Key.Value)]);
        await objects.PutIfAbsentAsync(
            KeyOf(ticket.Id),
            JsonSerializer.SerializeToUtf8Bytes(ticket, TicketJson.Default.RestoreTicket),
            cancellationToken: cancellationToken).ConfigureAwait(false);
        await RepeatAsync(ticket, cancellationToken).ConfigureAwait(false);
        return ticket;
    }

    /// <summary>Asks for those batches of a ticket that have to be asked for: after a failure, or once more when the
    /// copies have run out. Harmless otherwise.</summary>
    /// <param name="ticket">The ticket.</param>
    /// <param name="cancellationToken">Gives up between two batches.</param>
    /// <exception cref="StoreUnavailableException">The store cannot be asked at the moment.</exception>
    /// <exception cref="StoreOperationException">The store refuses, or cannot restore.</exception>
    public async Task RepeatAsync(RestoreTicket ticket, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(ticket);
        foreach (var key in ticket.Keys.Select(key => new ObjectKey(key)))
        {
            var info = await objects.HeadAsync(key, cancellationToken).ConfigureAwait(false);
            if (info is { Restoration.State: RestorationState.Required })
            {
                await objects.RestoreAsync(
                    key, new RestoreRequest(ticket.Priority, ticket.Days), cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Finds a ticket.</summary>
    /// <param name="id">Its id.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The ticket; null when there is none.</returns>
    /// <exception cref="ObjectDamagedException">It is damaged.</exception>
    public async Task<RestoreTicket?> FindAsync(Guid id, CancellationToken cancellationToken = default)
    {
        var key = KeyOf(id);
        if (await objects.GetAsync(key, ArchiveManifest.MaxBytes, cancellationToken).ConfigureAwait(false)
            is not { } found)
        {
            return null;
        }

        try
        {
            var ticket = JsonSerializer.Deserialize(found.Content.Span, TicketJson.Default.RestoreTicket);
            return ticket is not null && IsWhole(ticket, id)
                ? ticket
                : throw new ObjectDamagedException(key.Value, "it is no ticket of this id.");
        }
        catch (JsonException e)
        {
            throw new ObjectDamagedException(key.Value, e.Message, e);
        }
    }

    /// <summary>How it stands with a ticket. One request for each batch.</summary>
    /// <param name="ticket">The ticket.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="StoreUnavailableException">The store cannot be asked at the moment.</exception>
    public async Task<RestoreTicketStatus> GetStatusAsync(
        RestoreTicket ticket, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(ticket);
        var (readable, underWay, required) = (0, 0, 0);
        DateTimeOffset? until = null;
        foreach (var key in ticket.Keys)
        {
            // A batch that is gone was made into a larger one: ask anew.
            var info = await objects.HeadAsync(new ObjectKey(key), cancellationToken).ConfigureAwait(false);
            var restoration = info?.Restoration ?? new Restoration(RestorationState.Required);
            readable += restoration.IsReadable ? 1 : 0;
            underWay += restoration.State is RestorationState.UnderWay ? 1 : 0;
            required += restoration.State is RestorationState.Required ? 1 : 0;
            until = restoration.Until is { } end && (until is null || end < until) ? end : until;
        }

        var state = required > 0
            ? RestoreTicketState.RequestNeeded
            : underWay > 0 ? RestoreTicketState.UnderWay : RestoreTicketState.Ready;
        return new RestoreTicketStatus(
            state,
            readable,
            underWay,
            required,
            state is RestoreTicketState.Ready ? null : ticket.RequestedAt + ticket.Estimate,
            state is RestoreTicketState.Ready ? until : null);
    }

    // What is missing in the JSON is null, or zero.
    private static bool IsWhole(RestoreTicket ticket, Guid id) =>
        ticket.Id == id
        && ticket.From < ticket.Before
        && ticket.Days is >= 1 and <= RestoreRequest.MaxDays
        && Enum.IsDefined(ticket.Priority)
        && ticket.Estimate >= TimeSpan.Zero
        && ticket.Keys is not null
        && ticket.Keys.All(key => key is not null && ObjectKey.TryParse(key, out _));

    private static ObjectKey KeyOf(Guid id) =>
        new(string.Create(CultureInfo.InvariantCulture, $"{Folder}{id:D}.json"));

    private static decimal Cost((decimal Requests, decimal Retrieval) read) => read.Requests + read.Retrieval;

    private static TimeSpan Estimate(IEnumerable<ObjectInfo> cold, RestorePriority priority) => cold
        .Select(info => info.Attributes.StorageClass)
        .Distinct()
        .Select(storageClass => RestoreRequest.Estimate(storageClass, priority)
            ?? throw new ArgumentException($"{storageClass} has no {priority} restore.", nameof(priority)))
        .DefaultIfEmpty()
        .Max();

    private async Task<List<ObjectInfo>> FindAsync(
        DateTimeOffset from, DateTimeOffset before, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(from, before);
        var listing = await _listings.ReadAsync(cancellationToken).ConfigureAwait(false);
        var found = new List<ObjectInfo>();
        foreach (var batch in listing?.Batches ?? [])
        {
            if (batch.Latest >= from && batch.Earliest < before)
            {
                found.Add(await objects.HeadAsync(batch.Key, cancellationToken).ConfigureAwait(false)
                    ?? throw new ObjectDamagedException(batch.Key.Value, "it is listed, and not there."));
            }
        }

        return found;
    }

    [JsonSourceGenerationOptions(
        PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true, WriteIndented = true)]
    [JsonSerializable(typeof(RestoreTicket))]
    private sealed partial class TicketJson : JsonSerializerContext;
}
