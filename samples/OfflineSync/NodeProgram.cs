using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using K1s0.EventStore.Sqlite;
using K1s0.EventStore.Sync;

namespace K1s0.EventStore.Samples.OfflineSync;

/// <summary>One node in a process of its own: takes a command a line, and answers with a line.</summary>
internal sealed class NodeProgram : IAsyncDisposable
{
    public const string Argument = "node";

    private readonly string _name;
    private readonly SqliteStoreFile _file;
    private readonly Shelf _shelf = new();
    private ReplicaNode _node = null!;
    private TcpSyncListener? _listener;
    private VectorClock _confirmed = VectorClock.Empty;

    private NodeProgram(string path) => (_name, _file) = (
        Path.GetFileNameWithoutExtension(path), new SqliteStoreFile(new SqliteOptions { FilePath = path }));

    public static async Task<int> RunAsync(string path, TextReader commands, TextWriter answers)
    {
        await using var program = new NodeProgram(path);
        await program.OpenAsync();
        while (await commands.ReadLineAsync() is { } command)
        {
            string answer;
            try
            {
                answer = await program.DoAsync(command.Split(' '));
            }
            catch (Exception e)
            {
                // Whatever it is, the demonstration has to be told.
                answer = $"failed: {e.Message}";
            }

            await answers.WriteLineAsync(answer);
            await answers.FlushAsync();
        }

        return 0;
    }

    public async ValueTask DisposeAsync()
    {
        if (_listener is not null)
        {
            await _listener.DisposeAsync();
        }

        _node.Dispose();
        await _file.DisposeAsync();
    }

    private async Task OpenAsync()
    {
        var options = new ReplicaNodeOptions
        {
            // Of course a real group has a real secret.
            Sync = new SyncOptions { SharedKey = SHA256.HashData("the secret of the sample"u8) },
            Installation = _name,
            OnDelivered = _shelf.Apply,
        };
        _node = await ReplicaNode.OpenAsync(new EventStoreReplicaStore(new SqliteEventStore(_file)), options);
        await foreach (var delivered in _node.ReadHistoryAsync())
        {
            _shelf.Apply(delivered);
        }
    }

    private async Task<string> DoAsync(string[] command)
    {
        switch (command)
        {
            case ["set", var property, var value]:
                await _node.WriteAsync(Shelf.Change(property, value));
                return "written";
            case ["listen"]:
                _listener = TcpSyncListener.Start(_node, new IPEndPoint(IPAddress.Loopback, 0));
                return _listener.LocalEndPoint.Port.ToString(CultureInfo.InvariantCulture);
            case ["sync", var port]:
                return await SynchroniseAsync(int.Parse(port, CultureInfo.InvariantCulture));
            case ["tail"]:
                return _node.Tail.ToString();
            case ["go-on"]:
                await _node.BeginIncarnationAsync();
                return _node.Tail.ToString();
            case ["show"]:
                return Show().Line;
            default:
                return $"failed: there is no {string.Join(' ', command)}";
        }
    }

    private async Task<string> SynchroniseAsync(int port)
    {
        var transport = await TcpSyncListener.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port));
        var outcome = await _node.SynchroniseAsync(transport, SyncRole.Initiator, _confirmed);
        _confirmed = outcome.Report?.Checkpoint ?? _confirmed;
        return outcome.Report is { } report
            ? string.Create(
                CultureInfo.InvariantCulture,
                $"{report.Mode}: {report.EventsSent} events there, {report.EventsReceived} back, {report.BytesSent + report.BytesReceived} bytes")
            : $"failed: {outcome.Reason}, {outcome.Detail}";
    }

    private NodeView Show()
    {
        var (self, clock) = (_node.Self, _node.Clock);
        var knows = string.Join(' ', clock.Entries.ToArray().Select(dot => $"{Short(dot.Origin)}:{dot.Sequence}"));
        return new NodeView(
            _name,
            Short(self),
            knows.Length == 0 ? "nothing" : knows,
            (clock[self] - _confirmed[self]).ToString(CultureInfo.InvariantCulture),
            _shelf.Values,
            _shelf.Conflicts);
    }

    // The end of the id, and a sign for a later life of the replica.
    private static string Short(Origin origin) =>
        origin.Replica.ToString()[^3..] + (origin.Incarnation == 0 ? string.Empty : "'");
}
