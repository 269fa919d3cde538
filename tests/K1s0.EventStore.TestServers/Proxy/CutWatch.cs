namespace K1s0.EventStore.TestServers;

/// <summary>Counts what passes the proxy over all its connections, and says when the armed cut is due.</summary>
internal sealed class CutWatch
{
    private const char Terminate = 'X';

    // Guards all fields below.
    private readonly Lock _lock = new();
    private readonly List<ProxyMessage> _passed = [];
    private readonly List<ProxyMessage> _swallowed = [];
    private readonly int[] _counts = new int[2];
    private CutPlan? _plan;
    private ProxiedConnection? _cut;

    /// <summary>The connection that was cut since the last call of <see cref="Begin"/>.</summary>
    public ProxiedConnection? Cut
    {
        get
        {
            lock (_lock)
            {
                return _cut;
            }
        }
    }

    public IReadOnlyList<ProxyMessage> Passed
    {
        get
        {
            lock (_lock)
            {
                return [.. _passed];
            }
        }
    }

    public IReadOnlyList<ProxyMessage> Swallowed
    {
        get
        {
            lock (_lock)
            {
                return [.. _swallowed];
            }
        }
    }

    /// <summary>Starts counting anew, and cuts when <paramref name="plan"/> is due.</summary>
    public void Begin(CutPlan? plan)
    {
        lock (_lock)
        {
            _passed.Clear();
            _swallowed.Clear();
            Array.Clear(_counts);
            _plan = plan;
            _cut = null;
        }
    }

    /// <summary>Counts a message that is about to be forwarded, and returns where to cut it, if at all.</summary>
    public CutPoint? Count(ProxiedConnection connection, ProxyMessage message)
    {
        if (message is { Direction: MessageDirection.Frontend, Type: Terminate })
        {
            // Sent when a pool or a user closes the connection, at a moment that no test decides.
            return null;
        }

        lock (_lock)
        {
            _passed.Add(message);
            var number = ++_counts[(int)message.Direction];
            if (_cut is not null || _plan?.Direction != message.Direction || _plan.Message != number)
            {
                return null;
            }

            _cut = connection;
            connection.StopAnswering(_plan.Manner);
            if (_plan is { Direction: MessageDirection.Backend, Point: not CutPoint.After })
            {
                _swallowed.Add(message);
            }

            return _plan.Point;
        }
    }

    /// <summary>Notes an answer that the client will not see.</summary>
    public void Swallow(char type)
    {
        lock (_lock)
        {
            _swallowed.Add(new ProxyMessage(MessageDirection.Backend, type));
        }
    }
}
