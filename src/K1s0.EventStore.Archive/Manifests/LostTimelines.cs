using System.Globalization;
using System.Text;
using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Archive;

/// <summary>
/// Which objects left the listing together with their events, as the timeline of a database does that was brought back:
/// nothing else has these events. Named in the bucket itself, <c>lost/</c> and the number of a manifest, before that
/// manifest takes them away: one key a line. Never changed or deleted; what names more than came to be lost keeps an
/// object too long.
/// </summary>
internal sealed class LostTimelines(IObjectStore objects)
{
    private const string Folder = "lost/";
    private const int DigestLength = 24;

    /// <summary>Names objects. Repeating it is harmless.</summary>
    /// <exception cref="WriteOutcomeUnknownException">Nobody knows whether they are named: repeat the call.</exception>
    public async Task AddAsync(long manifest, IReadOnlyList<ObjectKey> keys, CancellationToken cancellationToken)
    {
        var content = Encoding.UTF8.GetBytes(string.Concat(keys.Select(key => key.Value + "\n")));
        var digest = Sha256Digest.Of(content).ToString()[..DigestLength];
        var key = new ObjectKey(string.Create(CultureInfo.InvariantCulture, $"{Folder}{manifest:D20}-{digest}.txt"));
        if (await objects.PutIfAbsentAsync(key, content, cancellationToken: cancellationToken).ConfigureAwait(false)
            is PutOutcome.Taken)
        {
            throw new ObjectDamagedException(key.Value, "its key names another content than it holds.");
        }
    }

    /// <summary>All of them. One request, and one for each time that a timeline was lost.</summary>
    /// <exception cref="ObjectDamagedException">What names them is damaged.</exception>
    public async Task<IReadOnlySet<ObjectKey>> ReadAsync(CancellationToken cancellationToken)
    {
        var lost = new HashSet<ObjectKey>();
        await foreach (var entry in objects.ListAsync(Folder, cancellationToken: cancellationToken)
            .ConfigureAwait(false))
        {
            var found = await objects.GetAsync(entry.Key, ArchiveManifest.MaxBytes, cancellationToken)
                .ConfigureAwait(false)
                ?? throw new ObjectDamagedException(entry.Key.Value, "it is gone.");
            foreach (var line in Encoding.UTF8.GetString(found.Content.Span)
                .Split('\n', StringSplitOptions.RemoveEmptyEntries))
            {
                lost.Add(ObjectKey.TryParse(line, out var key)
                    ? key
                    : throw new ObjectDamagedException(entry.Key.Value, "a line is no key."));
            }
        }

        return lost;
    }
}
