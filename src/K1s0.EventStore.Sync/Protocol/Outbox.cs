using System.Globalization;

namespace K1s0.EventStore.Sync;

/// <summary>Collects what one step of a session wants done.</summary>
internal sealed class Outbox : IDisposable
{
    private readonly WireWriter _frame = new();
    private List<SyncOutput> _outputs = [];

    /// <summary>Seals frames; null before the handshake is over, and when the transport authenticates.</summary>
    public FrameSeal? Seal { get; set; }

    /// <summary>When the step is taken.</summary>
    public DateTimeOffset Now { get; set; }

    public bool HasEnded { get; private set; }

    public long BytesSent { get; private set; }

    public int Send(Action<WireWriter> write)
    {
        _frame.Clear();
        write(_frame);
        var frame = Seal is null ? _frame.Written.ToArray() : Seal.Seal(_frame.Written);
        BytesSent += frame.Length;
        _outputs.Add(new SyncOutput.Send(frame));
        return frame.Length;
    }

    public void Add(SyncOutput output) => _outputs.Add(output);

    public void End(SyncEndReason reason, string detail)
    {
        if (!HasEnded)
        {
            HasEnded = true;
            _outputs.Add(new SyncOutput.Ended(reason, detail));
        }
    }

    public void Broken(FormattableString detail) =>
        End(SyncEndReason.ProtocolBroken, detail.ToString(CultureInfo.InvariantCulture));

    public IReadOnlyList<SyncOutput> Take()
    {
        var taken = _outputs;
        _outputs = [];
        return taken;
    }

    public void Dispose()
    {
        _frame.Dispose();
        Seal?.Dispose();
    }
}
