using System.Net;
using FluentAssertions;
using K1s0.EventStore.Sync;
using K1s0.EventStore.Sync.Snapshots;
using Xunit;

// The examples stand here as an application writes them, without the token of a test run.
#pragma warning disable xUnit1051

namespace K1s0.EventStore.Architecture.Tests.Snippets;

/// <summary>The example of snapshots in the README of the Sync package, run.</summary>
public sealed class SnapshotExamples
{
    [Fact]
    public async Task The_snapshot_example_begins_with_the_state_of_the_server()
    {
        var (user, rules) = (new StreamId("user", "123"), new ConflictRules().Otherwise(ConflictPolicy.AllValues));
        var view = new ConflictView(rules);
        using var server = await OpenAsync(delivered => view.Apply(delivered));
        using var edge = await OpenAsync(onDelivered: null);
        await server.WriteAsync(EventEnvelope.Create(user, "email-changed", "\"ada@example.org\""u8.ToArray()));
        await using var listener = TcpSyncListener.Start(server, new IPEndPoint(IPAddress.Loopback, 0));
        var address = listener.LocalEndPoint;

        // snippet: sync-snapshots
        // Over there, once in a while:
        var published = await server.Snapshots.PublishAsync("conflicts", schemaVersion: 1, view.Capture);

        // Here: pulls what is missing, verifies all of it, and installs it at one instant.
        var outcome = await edge.Snapshots.TakeAsync(await TcpSyncListener.ConnectAsync(address), "conflicts", schemaVersion: 1);

        var snapshot = await edge.Snapshots.ReadAsync("conflicts");
        var begun = await ConflictView.LoadAsync(rules, snapshot!);
        await foreach (var delivered in edge.Snapshots.ReadEventsAfterAsync(snapshot!.Manifest))
        {
            begun.Apply(delivered); // what is here and not in the snapshot; the rest comes through OnDelivered
        }

        // end-snippet
        outcome.Snapshot!.End.Should().Be(SnapshotEnd.Installed);
        snapshot.Manifest.Root.Should().Be(published.Root);
        begun.Of(new ConflictKey(user))!.Winner!.Value.Event.Envelope.EventType.Should().Be("email-changed");
    }

    [Fact]
    public async Task The_begin_example_goes_on_without_the_history()
    {
        var (user, rules) = (new StreamId("user", "123"), new ConflictRules().Otherwise(ConflictPolicy.AllValues));
        var (view, shown) = (new ConflictView(rules), new ConflictView(rules));
        using var server = await OpenAsync(delivered => view.Apply(delivered));
        using var phone = await OpenAsync(onDelivered: delivered => shown.Apply(delivered));
        await server.WriteAsync(EventEnvelope.Create(user, "email-changed", "\"ada@example.org\""u8.ToArray()));
        await server.Snapshots.PublishAsync("conflicts", schemaVersion: 1, view.Capture);
        await server.WriteAsync(EventEnvelope.Create(user, "email-changed", "\"ada@example.com\""u8.ToArray()));
        await using var listener = TcpSyncListener.Start(server, new IPEndPoint(IPAddress.Loopback, 0));
        var address = listener.LocalEndPoint;

        // snippet: sync-begin
        await phone.Snapshots.TakeAsync(await TcpSyncListener.ConnectAsync(address), "conflicts", schemaVersion: 1);
        var report = await phone.Snapshots.BeginFromAsync("conflicts"); // End says what came of it

        // From now on, and after each start, views are built from the snapshot and what is behind it.
        var taken = await phone.Snapshots.ReadAsync("conflicts");
        shown = await ConflictView.LoadAsync(rules, taken!);
        await foreach (var delivered in phone.Snapshots.ReadEventsAfterAsync(taken!.Manifest))
        {
            shown.Apply(delivered);
        }

        // end-snippet
        report.End.Should().Be(BeginEnd.Begun);
        var outcome = await phone.SynchroniseAsync(await TcpSyncListener.ConnectAsync(address), SyncRole.Initiator);
        outcome.Report!.EventsReceived.Should().Be(1);
        shown.Of(new ConflictKey(user))!.Winner!.Value.Event.Dot.Should().Be(new Dot(server.Self, 2));
    }

    private static Task<ReplicaNode> OpenAsync(Action<DeliveredEvent>? onDelivered) => ReplicaNode.OpenAsync(
        new InMemoryReplicaStore(),
        new ReplicaNodeOptions
        {
            Sync = new SyncOptions { SharedKey = new byte[32] },
            Snapshots = new InMemorySnapshotChunkStore(),
            OnDelivered = onDelivered,
        });
}
