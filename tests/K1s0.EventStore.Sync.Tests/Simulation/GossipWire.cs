namespace K1s0.EventStore.Sync.Simulation;

/// <summary>
/// The wire of one call of gossip, with the session that answers at its other end. Who calls gets what arrives in the
/// step in which it arrives, and the end of the connection when the answer takes too long.
/// </summary>
internal sealed class GossipWire : ISyncTransport
{
    private readonly World _world;
    private readonly SimulatedNode _caller;
    private readonly SimulatedNode? _answerer;
    private readonly SyncSession? _session;
    private readonly int _life;
    private readonly bool _isHostile;
    private readonly Queue<byte[]> _arrived = new();
    private TaskCompletionSource<ReadOnlyMemory<byte>?>? _waiting;
    private TimeSpan _last;
    private bool _isOver;

    public GossipWire(World world, SimulatedNode caller, SimulatedNode? answerer, TimeSpan timeout)
    {
        (_world, _caller, _answerer, _life) = (world, caller, answerer, answerer?.Life ?? 0);
        _isHostile = world.Scenario.HasHostileWire && !world.IsHealing && world.Chance.Gossip.Next(2) == 0;
        _session = answerer?.Node!.NewSession(SyncRole.Responder, null);
        Step(new SyncInput.Started());
        world.Schedule.After(timeout, End);
    }

    public ValueTask SendAsync(ReadOnlyMemory<byte> frame, CancellationToken cancellationToken = default)
    {
        Carry(frame.ToArray(), arriving => Step(new SyncInput.Received(arriving)));
        return ValueTask.CompletedTask;
    }

    public async ValueTask<ReadOnlyMemory<byte>?> ReceiveAsync(CancellationToken cancellationToken = default)
    {
        if (_arrived.TryDequeue(out var frame))
        {
            return frame;
        }

        if (_isOver)
        {
            return null;
        }

        _waiting = new TaskCompletionSource<ReadOnlyMemory<byte>?>();
        return await _waiting.Task;
    }

    public ValueTask DisposeAsync()
    {
        End();
        return ValueTask.CompletedTask;
    }

    private void End()
    {
        if (!_isOver)
        {
            _isOver = true;
            Step(new SyncInput.Disconnected());
            _session?.Dispose();
            Take()?.SetResult(null);
        }
    }

    private TaskCompletionSource<ReadOnlyMemory<byte>?>? Take()
    {
        var waiting = _waiting;
        _waiting = null;
        return waiting;
    }

    private void Arrive(byte[] frame)
    {
        if (Take() is { } waiting)
        {
            waiting.SetResult(frame);
        }
        else
        {
            _arrived.Enqueue(frame);
        }
    }

    private void Carry(byte[] frame, Action<byte[]> arrive)
    {
        var random = _world.Chance.Gossip;
        if (_isHostile && random.Next(20) == 0)
        {
            frame[random.Next(frame.Length)] ^= (byte)(1 << random.Next(8));
        }

        var isLost = _isHostile && random.Next(20) == 0;
        var at = _world.Schedule.Now + TimeSpan.FromMilliseconds(random.Next(1, _world.Latency));
        _last = at > _last ? at : _last;
        _world.Schedule.After(_last - _world.Schedule.Now, () =>
        {
            if (!_isOver && !isLost && _answerer is not null && !_world.IsCut(_caller, _answerer))
            {
                arrive(frame);
            }
        });
    }

    private void Step(SyncInput input)
    {
        if (_answerer is { IsUp: true, Disk.IsGone: false } && _answerer.Life == _life && _session is { HasEnded: false })
        {
            // After a failure a node reads its disk anew.
            _world.Guard(_answerer, () => Do(
                Immediately.Get(_answerer.Node!.StepAsync(_session, input, CancellationToken.None))));
        }
    }

    private void Do(List<SyncOutput> outputs)
    {
        foreach (var output in outputs)
        {
            if (output is SyncOutput.Send send)
            {
                Carry([.. send.Frame], Arrive);
            }
            else if (output is SyncOutput.Ended ended)
            {
                var isUsual = ended.Reason is SyncEndReason.Completed or SyncEndReason.Disconnected
                    or SyncEndReason.StoreIncomplete;
                _answerer!.Check(isUsual || _isHostile, $"ends a call of gossip with {ended.Reason}: {ended.Detail}");
            }
            else
            {
                throw new SimulationFailedException($"a call of gossip was not expected to want {output}.");
            }
        }
    }
}
