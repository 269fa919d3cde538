namespace K1s0.EventStore.Samples.OfflineSync;

/// <summary>
/// Three processes, each with an SQLite file of its own. One goes offline and is even killed; all go on editing the same
/// things; when they meet again over TCP, all three show the same.
/// </summary>
internal sealed class Demonstration : IDisposable
{
    public const int Held = 0;
    public const int Failed = 1;
    public const int Unusable = 2;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly string _folder;
    private readonly Screen _screen;
    private readonly Dictionary<string, NodeProcess> _nodes = new(StringComparer.Ordinal);
    private string _port = string.Empty;

    private Demonstration(string folder, Screen screen) => (_folder, _screen) = (folder, screen);

    public static async Task<int> RunAsync(string folder, Screen screen, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(Patience);
        using var demonstration = new Demonstration(folder, screen);
        try
        {
            return await demonstration.RunAsync(patience.Token);
        }
        catch (StepFailedException e)
        {
            screen.Fail(e.Message);
            return Failed;
        }
    }

    public void Dispose()
    {
        foreach (var node in _nodes.Values)
        {
            node.Dispose();
        }
    }

    private async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        _screen.Step("Three processes, three SQLite files; the others call headquarters over TCP");
        foreach (var name in new[] { "hq", "berlin", "lima" })
        {
            Start(name);
        }

        _port = await AskAsync("hq", "listen", cancellationToken);
        await EditAsync("hq", ["name Teapot", "price 30", "stock 20"], cancellationToken);
        await SynchroniseAsync(["berlin", "lima", "berlin"], cancellationToken);
        await ShowAsync(cancellationToken);

        _screen.Step("Lima is offline, and everybody edits");
        await EditAsync("berlin", ["name Teekanne", "stock -5", "tag hot"], cancellationToken);
        await EditAsync("lima", ["name Tetera", "price 35", "stock -3"], cancellationToken);
        await SynchroniseAsync(["berlin"], cancellationToken);
        await EditAsync("hq", ["price 28", "tag sale"], cancellationToken);
        await SynchroniseAsync(["berlin"], cancellationToken);
        await ShowAsync(cancellationToken);

        _screen.Step("Lima is killed while it is offline, and starts again from its file");
        await KillAndGoOnAsync("lima", cancellationToken);
        await EditAsync("lima", ["stock -1", "tag new"], cancellationToken);
        await ShowAsync(cancellationToken);

        _screen.Step("Lima is online again");
        await SynchroniseAsync(["lima", "berlin", "lima"], cancellationToken);
        var views = await ShowAsync(cancellationToken);
        foreach (var conflict in views[0].Conflicts.Split('|', StringSplitOptions.RemoveEmptyEntries))
        {
            _screen.Conflict(conflict);
        }

        return Judge(views);
    }

    private int Judge(IReadOnlyList<NodeView> views)
    {
        if (views.Any(view => !string.Equals(view.State, views[0].State, StringComparison.Ordinal)))
        {
            _screen.Fail("the nodes do not show the same");
            return Failed;
        }

        // 20 - 5 - 3 - 1, whoever counted where; two properties that were changed by two who did not know of each other.
        var (stock, conflicts) = (views[0].Shelf.Split('|')[2], views[0].ConflictCount);
        if (stock is not "11" || conflicts != 2)
        {
            _screen.Fail($"stock 11 and 2 conflicts were to come out, not {stock} and {conflicts}");
            return Failed;
        }

        _screen.Ok("three nodes, one state: every edit counted, every conflict resolved alike, nothing lost");
        return Held;
    }

    private void Start(string name) => _nodes[name] = NodeProcess.Start(Path.Combine(_folder, $"{name}.db"));

    private async Task KillAndGoOnAsync(string name, CancellationToken cancellationToken)
    {
        await _nodes[name].KillAsync(cancellationToken);
        _nodes[name].Dispose();
        Start(name);
        _screen.Say($"{name}: its log is {await AskAsync(name, "tail", cancellationToken)}: nobody can confirm its end here");
        await AskAsync(name, "go-on", cancellationToken);
        _screen.Say($"{name}: goes on in a new log, so that no event can ever take the place of another");
    }

    private async Task EditAsync(string name, string[] edits, CancellationToken cancellationToken)
    {
        foreach (var edit in edits)
        {
            await AskAsync(name, $"set {edit}", cancellationToken);
        }

        _screen.Say($"{name} edits: {string.Join(", ", edits)}");
    }

    private async Task SynchroniseAsync(string[] names, CancellationToken cancellationToken)
    {
        foreach (var name in names)
        {
            _screen.Say($"{name} > hq  {await AskAsync(name, $"sync {_port}", cancellationToken)}");
        }
    }

    private async Task<IReadOnlyList<NodeView>> ShowAsync(CancellationToken cancellationToken)
    {
        var views = new List<NodeView>();
        foreach (var name in _nodes.Keys)
        {
            views.Add(NodeView.Parse(await AskAsync(name, "show", cancellationToken)));
        }

        _screen.Table(views);
        return views;
    }

    private Task<string> AskAsync(string name, string command, CancellationToken cancellationToken) =>
        _nodes[name].AskAsync(command, cancellationToken);
}
