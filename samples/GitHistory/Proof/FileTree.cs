using K1s0.EventStore.Samples.GitHistory.Events;
using K1s0.EventStore.Samples.GitHistory.Git;

namespace K1s0.EventStore.Samples.GitHistory.Proof;

/// <summary>The files that there are after the events seen so far: the whole read model of this sample.</summary>
internal sealed class FileTree
{
    private readonly Dictionary<GitPath, GitObject> _files = [];

    public int Count => _files.Count;

    public IEnumerable<GitPath> Paths => _files.Keys;

    public GitObject? Find(GitPath path) => _files.TryGetValue(path, out var found) ? found : null;

    public void Apply(EventEnvelope envelope)
    {
        var payload = FileEvents.Read(envelope);
        var path = FileEvents.PathOf(envelope, payload);
        switch (envelope.EventType, payload)
        {
            case (FileEvents.Added or FileEvents.Modified, { Mode: { } mode, Blob: { } blob }):
                _files[path] = new GitObject(mode, blob);
                break;
            case (FileEvents.Deleted, _):
                _files.Remove(path);
                break;
            default:
                throw new InvalidDataException($"{envelope} is not an event of a file.");
        }
    }
}
