namespace K1s0.EventStore.Postgres.Tests.Crash;

/// <summary>Makes appends of each kind.</summary>
internal static class AppendKinds
{
    /// <summary>What one append of the kind consists of; its streams are as it expects them.</summary>
    public static async Task<IReadOnlyList<StreamAppend>> PrepareAsync(this AppendKind kind, PostgresEventStore store)
    {
        var (first, second) = (Some.Stream(), Some.Stream());
        switch (kind)
        {
            case AppendKind.NewStream:
                return [Some.Append(first, expected: ExpectedVersion.NoStream)];
            case AppendKind.SeveralStreams:
                await store.AppendAsync(second, Some.Events(second, 2));
                return [Some.Append(first, 2), Some.Append(second, 2, ExpectedVersion.Exactly(new StreamVersion(2)))];
            default:
                await store.AppendAsync(first, Some.Events(first, 2));
                return
                [
                    kind switch
                    {
                        AppendKind.ExactVersion => Some.Append(first, expected: ExpectedVersion.Exactly(new StreamVersion(2))),
                        AppendKind.StreamExists => Some.Append(first, 3, ExpectedVersion.StreamExists),
                        _ => Some.Append(first, 3),
                    },
                ];
        }
    }

    public static async Task<IReadOnlyList<AppendResult>> AppendAsync(
        this AppendKind kind, PostgresEventStore store, IReadOnlyList<StreamAppend> appends) =>
        kind is AppendKind.SeveralStreams
            ? await store.AppendAsync(appends)
            : [await store.AppendAsync(appends[0].StreamId, appends[0].Events, appends[0].Expected)];
}
