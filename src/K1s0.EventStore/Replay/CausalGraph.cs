using System.Runtime.InteropServices;

namespace K1s0.EventStore;

/// <summary>
/// Who must come before whom. Nodes below the number of events are events, in the order that breaks ties; those above
/// stand between two versions of a stream, so that many events of one version (stores that went apart) need few edges.
/// </summary>
internal sealed class CausalGraph
{
    private readonly EventEnvelope[] _events;
    private readonly List<List<int>> _effects;
    private readonly List<int> _causesLeft;

    public CausalGraph(EventEnvelope[] eventsInTieOrder)
    {
        _events = eventsInTieOrder;
        _effects = [.. _events.Select(_ => new List<int>())];
        _causesLeft = [.. _events.Select(_ => 0)];
        ConnectCauses();
        ConnectStreams();
    }

    /// <summary>All events in order: of those whose causes are out, always the first in the order of ties.</summary>
    public IReadOnlyList<EventEnvelope> Sort()
    {
        var sorted = new List<EventEnvelope>(_events.Length);
        var ready = new PriorityQueue<int, int>();
        for (var node = 0; node < _causesLeft.Count; node++)
        {
            if (_causesLeft[node] == 0)
            {
                ready.Enqueue(node, PriorityOf(node));
            }
        }

        while (ready.TryDequeue(out var node, out _))
        {
            if (node < _events.Length)
            {
                sorted.Add(_events[node]);
            }

            foreach (var effect in _effects[node])
            {
                if (--_causesLeft[effect] == 0)
                {
                    ready.Enqueue(effect, PriorityOf(effect));
                }
            }
        }

        return sorted.Count == _events.Length ? sorted : throw new CausalCycleException(FindCycle());
    }

    // What stands between versions passes at once.
    private int PriorityOf(int node) => node < _events.Length ? node : -1;

    private void ConnectCauses()
    {
        var byId = new Dictionary<Guid, int>(_events.Length);
        for (var node = 0; node < _events.Length; node++)
        {
            byId[_events[node].Id] = node;
        }

        for (var node = 0; node < _events.Length; node++)
        {
            if (Guid.TryParse(EventMetadata.Read(_events[node].MetadataUtf8.Span).CausationId, out var id)
                && byId.TryGetValue(id, out var cause))
            {
                Connect(cause, node);
            }
        }
    }

    private void ConnectStreams()
    {
        var versions = new Dictionary<StreamId, SortedDictionary<long, List<int>>>();
        for (var node = 0; node < _events.Length; node++)
        {
            if (_events[node].Version > 0)
            {
                ref var stream = ref CollectionsMarshal.GetValueRefOrAddDefault(
                    versions, _events[node].StreamId, out _);
                stream ??= [];
                if (!stream.TryGetValue(_events[node].Version, out var nodes))
                {
                    stream.Add(_events[node].Version, nodes = []);
                }

                nodes.Add(node);
            }
        }

        foreach (var stream in versions.Values)
        {
            List<int>? earlier = null;
            foreach (var later in stream.Values)
            {
                if (earlier is not null)
                {
                    ConnectVersions(earlier, later);
                }

                earlier = later;
            }
        }
    }

    private void ConnectVersions(List<int> earlier, List<int> later)
    {
        var between = _effects.Count;
        _effects.Add([]);
        _causesLeft.Add(0);
        earlier.ForEach(node => Connect(node, between));
        later.ForEach(node => Connect(between, node));
    }

    private void Connect(int cause, int effect)
    {
        _effects[cause].Add(effect);
        _causesLeft[effect]++;
    }

    // Whoever is left waits for somebody who is left: going from effect to cause must come round.
    private List<EventEnvelope> FindCycle()
    {
        var causeOf = new Dictionary<int, int>();
        for (var node = _effects.Count - 1; node >= 0; node--)
        {
            if (_causesLeft[node] > 0)
            {
                _effects[node].ForEach(effect => causeOf[effect] = node);
            }
        }

        var path = new List<int>();
        var seen = new Dictionary<int, int>();
        var current = Enumerable.Range(0, _events.Length).First(node => _causesLeft[node] > 0);
        while (seen.TryAdd(current, path.Count))
        {
            path.Add(current);
            current = causeOf[current];
        }

        path.Reverse(seen[current], path.Count - seen[current]);
        return [.. path.Skip(seen[current]).Where(node => node < _events.Length).Select(node => _events[node])];
    }
}
