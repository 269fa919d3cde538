namespace K1s0.EventStore.Sync;

/// <summary>
/// Finds out where two sets of keyed items differ, with few and small messages: it descends into the nodes of a tree of
/// fan-out 4 whose fingerprints differ, and exchanges short ids below nodes of at most 64 items. Does no input or
/// output: carry each request to the other side, let <see cref="Answer"/> answer it there, and carry the answer back.
/// </summary>
/// <remarks>
/// Not safe for several threads. An answer is checked: it must add up to the fingerprints that the other side gave
/// before. After an exception the comparison is over and its result is not to be used.
/// </remarks>
public sealed class MerkleDiff
{
    /// <summary>How many differences are found at most, when nothing else is said: 1,000,000.</summary>
    public const int DefaultMaxDifferences = 1_000_000;

    private readonly MerkleIndex _local;
    private readonly int _maxDifferences;
    private readonly List<MerkleItem> _onlyLocal = [];
    private readonly List<MerkleItem> _onlyRemote = [];

    // Nodes that differ and wait to be asked about, with what the other side has there; null where that is not known.
    private readonly Stack<(MerkleNode Node, MerkleSummary? Theirs)> _open = new();
    private List<(MerkleNode Node, MerkleSummary? Theirs)>? _asked;
    private int _nodesCompared;
    private long _bytesSent;
    private long _bytesReceived;
    private int _rounds;

    /// <summary>A comparison that begins.</summary>
    /// <param name="local">This side's set.</param>
    /// <param name="maxDifferences">Where to stop; 1 or more. A few more may be found with the last answer.</param>
    public MerkleDiff(MerkleIndex local, int maxDifferences = DefaultMaxDifferences)
    {
        ArgumentNullException.ThrowIfNull(local);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxDifferences, 1);
        (_local, _maxDifferences) = (local, maxDifferences);
        _open.Push((MerkleNode.Root, null));
    }

    /// <summary>What is known so far.</summary>
    public MerkleDifference Result => new(
        [.. _onlyLocal],
        [.. _onlyRemote],
        _nodesCompared,
        _bytesSent,
        _bytesReceived,
        _rounds,
        _open.Count == 0 && _asked is null);

    private bool IsAtLimit => _onlyLocal.Count + _onlyRemote.Count >= _maxDifferences;

    /// <summary>Compares two sets that are both here, through the same messages.</summary>
    /// <param name="local">One set.</param>
    /// <param name="remote">The other; built with the same salt.</param>
    public static MerkleDifference Between(MerkleIndex local, MerkleIndex remote)
    {
        ArgumentNullException.ThrowIfNull(remote);
        var comparison = new MerkleDiff(local, int.MaxValue);
        while (comparison.NextRequest() is { } request)
        {
            comparison.Accept(Answer(remote, request));
        }

        return comparison.Result;
    }

    /// <summary>Answers a request of the other side. Remembers nothing.</summary>
    /// <param name="index">This side's set.</param>
    /// <param name="request">What <see cref="NextRequest"/> gave there.</param>
    /// <exception cref="UnsupportedFormatException">The request is of another version.</exception>
    /// <exception cref="InvalidFormatException">The request is none, or asks for more than is ever needed.</exception>
    public static byte[] Answer(MerkleIndex index, ReadOnlySpan<byte> request)
    {
        ArgumentNullException.ThrowIfNull(index);
        return MerkleAnswers.Answer(index, request);
    }

    /// <summary>The next request, at most 1 MiB; null when nothing is left to ask.</summary>
    /// <exception cref="InvalidOperationException">The last request has not been answered.</exception>
    public byte[]? NextRequest()
    {
        if (_asked is not null)
        {
            throw new InvalidOperationException("The last request waits for its answer.");
        }

        if (_open.Count == 0 || IsAtLimit)
        {
            return null;
        }

        var asked = new List<(MerkleNode, MerkleSummary?)>();
        using var questions = new WireWriter();
        while (asked.Count < MerkleFormat.MaxQuestions
            && questions.Length < MerkleFormat.MaxMessageBytes / 2
            && _open.TryPop(out var next))
        {
            asked.Add(next);
            MerkleNode.Write(questions, next.Node);
            WriteQuestion(questions, next.Node, next.Theirs);
        }

        using var request = new WireWriter();
        request.Byte(MerkleFormat.Version);
        request.Integer((ulong)asked.Count);
        request.Bytes(questions.Written);
        _asked = asked;
        _bytesSent += request.Length;
        return request.Written.ToArray();
    }

    /// <summary>Takes the answer to the last request.</summary>
    /// <param name="answer">What <see cref="Answer"/> gave on the other side.</param>
    /// <exception cref="InvalidOperationException">Nothing was asked.</exception>
    /// <exception cref="UnsupportedFormatException">The answer is of another version.</exception>
    /// <exception cref="InvalidFormatException">The answer is none, or contradicts an earlier one.</exception>
    public void Accept(ReadOnlySpan<byte> answer)
    {
        var asked = _asked ?? throw new InvalidOperationException("Nothing was asked.");
        if (answer.Length > MerkleFormat.MaxMessageBytes)
        {
            throw new InvalidFormatException(MerkleFormat.AnswerName, $"it has {answer.Length} bytes.");
        }

        var reader = new WireReader(answer);
        MerkleFormat.ReadVersion(ref reader, MerkleFormat.AnswerName);
        var answered = reader.Count(asked.Count, 1);
        if (answered == 0)
        {
            reader.Break("it answers nothing.");
        }

        for (var i = 0; i < answered && !reader.IsBroken; i++)
        {
            ReadAnswer(ref reader, asked[i].Node, asked[i].Theirs);
        }

        reader.End();
        if (reader.IsBroken)
        {
            throw new InvalidFormatException(MerkleFormat.AnswerName, reader.Problem);
        }

        for (var i = asked.Count - 1; i >= answered; i--)
        {
            _open.Push(asked[i]);
        }

        _asked = null;
        _bytesReceived += answer.Length;
        _rounds++;
    }

    private void WriteQuestion(WireWriter questions, MerkleNode node, MerkleSummary? theirs)
    {
        if (theirs is null)
        {
            questions.Byte(MerkleFormat.Grandchildren);
        }
        else if (MerkleLeaf.IsLeaf(node, _local.Summarise(node), theirs.Value))
        {
            MerkleLeaf.WriteQuestion(questions, _local, node);
        }
        else
        {
            questions.Byte(MerkleFormat.Children);
        }
    }

    private void ReadAnswer(ref WireReader reader, MerkleNode node, MerkleSummary? theirs)
    {
        var mine = _local.Summarise(node);
        if (theirs is null)
        {
            ReadGrandchildren(ref reader, node, mine);
        }
        else if (MerkleLeaf.IsLeaf(node, mine, theirs.Value))
        {
            MerkleLeaf.ReadAnswer(ref reader, _local, node, theirs.Value, _onlyLocal, _onlyRemote);
        }
        else
        {
            Span<MerkleSummary> children = stackalloc MerkleSummary[MerkleNode.FanOut - 1];
            for (var i = 0; i < children.Length; i++)
            {
                children[i] = MerkleSummary.Read(ref reader);
            }

            CompareChildren(ref reader, node, mine, theirs.Value, children, grandchildren: default);
        }
    }

    private void ReadGrandchildren(ref WireReader reader, MerkleNode node, MerkleSummary mine)
    {
        const int Grandchildren = MerkleNode.FanOut * MerkleNode.FanOut;
        var theirs = MerkleSummary.Read(ref reader);
        Span<MerkleSummary> grandchildren = stackalloc MerkleSummary[Grandchildren];
        Span<MerkleSummary> children = stackalloc MerkleSummary[MerkleNode.FanOut];
        grandchildren[^1] = theirs;
        for (var i = 0; i < Grandchildren - 1; i++)
        {
            grandchildren[i] = MerkleSummary.Read(ref reader);
            grandchildren[^1] -= grandchildren[i];
        }

        for (var i = 0; i < Grandchildren; i++)
        {
            children[i / MerkleNode.FanOut] += grandchildren[i];
        }

        _nodesCompared++;
        if (mine != theirs)
        {
            CompareChildren(ref reader, node, mine, theirs, children[..^1], grandchildren);
        }
    }

    // The last child is not compared: what the others leave of the difference is its difference.
    private void CompareChildren(
        ref WireReader reader,
        MerkleNode node,
        MerkleSummary mine,
        MerkleSummary theirs,
        scoped ReadOnlySpan<MerkleSummary> children,
        scoped ReadOnlySpan<MerkleSummary> grandchildren)
    {
        var (difference, rest) = (theirs - mine, theirs);
        for (var i = 0; i < MerkleNode.FanOut && !reader.IsBroken; i++)
        {
            var (child, isLast) = (node.Child(i), i == MerkleNode.FanOut - 1);
            var own = _local.Summarise(child);
            var others = isLast ? rest : children[i];
            var differs = isLast ? difference != default : own != others;
            if (others.IsImpossible)
            {
                reader.Break("what is below a node does not add up.");
            }

            if (!isLast)
            {
                (difference, rest) = (difference - (others - own), rest - others);
                _nodesCompared++;
            }

            if (differs && others.IsEmpty)
            {
                AddAll(_onlyLocal, child);
            }
            else if (differs && !grandchildren.IsEmpty && !MerkleLeaf.IsLeaf(child, own, others))
            {
                var below = grandchildren.Slice(i * MerkleNode.FanOut, MerkleNode.FanOut - 1);
                CompareChildren(ref reader, child, own, others, below, grandchildren: default);
            }
            else if (differs)
            {
                _open.Push((child, others));
            }
        }
    }

    private void AddAll(List<MerkleItem> items, MerkleNode node)
    {
        var (from, to) = _local.RangeOf(node);
        for (var i = from; i < to; i++)
        {
            items.Add(_local.Item(i));
        }
    }
}
