using Microsoft.Extensions.Options;

namespace K1s0.EventStore.Sync;

/// <summary>The rules for <see cref="SyncHostOptions"/>.</summary>
internal sealed class SyncHostOptionsRules : IValidateOptions<SyncHostOptions>
{
    private const int MaxPeers = 1_000;

    public ValidateOptionsResult Validate(string? name, SyncHostOptions options)
    {
        List<string> faults = [];
        CheckNode(faults, options);
        var (second, day) = (TimeSpan.FromSeconds(1), TimeSpan.FromDays(1));
        var tenth = TimeSpan.FromMilliseconds(100);
        Check(faults, nameof(options.Interval), options.Interval, second, day);
        Check(faults, nameof(options.MinBackoff), options.MinBackoff, tenth, TimeSpan.FromHours(1));
        Check(faults, nameof(options.MaxBackoff), options.MaxBackoff, options.MinBackoff, day);
        Check(faults, nameof(options.MaxLag), options.MaxLag, second, TimeSpan.FromDays(365));
        if (options.MaxSessions is < 1 or > 10_000)
        {
            faults.Add($"{nameof(options.MaxSessions)} must be 1 to 10,000.");
        }

        if (options.Peers.Count > MaxPeers
            || options.Peers.DistinctBy(peer => peer.Name, StringComparer.Ordinal).Count() < options.Peers.Count)
        {
            faults.Add($"{nameof(options.Peers)} must be at most {MaxPeers}, each with a name of its own.");
        }

        if (options is { ListenOn: not null, ListenWith: null, Node.Sync.SharedKey.IsEmpty: true })
        {
            faults.Add(
                $"{nameof(options.ListenOn)} needs {nameof(options.ListenWith)} or a shared key: "
                + "nothing says who may call.");
        }

        CheckGossip(faults, options.Gossip);
        return faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);
    }

    private static void CheckNode(List<string> faults, SyncHostOptions options)
    {
        try
        {
            options.Node.Sync.Checked();
            options.Node.Replica.Checked();
        }
        catch (ArgumentException e)
        {
            faults.Add($"{nameof(options.Node)}: {e.Message}");
        }
    }

    private static void CheckGossip(List<string> faults, GossipOptions? gossip)
    {
        if (gossip is null)
        {
            return;
        }

        var tenth = TimeSpan.FromMilliseconds(100);
        Check(faults, $"{nameof(gossip.Interval)} of gossip", gossip.Interval, tenth, TimeSpan.FromHours(1));
        Check(
            faults, $"{nameof(gossip.Timeout)} of gossip", gossip.Timeout, tenth / 10, TimeSpan.FromMinutes(1));
        if (gossip.ConnectAsync is null)
        {
            faults.Add($"Gossip needs {nameof(gossip.ConnectAsync)}: nothing says how members are reached.");
        }

        if (gossip.Seeds.Count > MaxPeers || !gossip.Seeds.All(IsAddress)
            || (gossip.Address.Length > 0 && !IsAddress(gossip.Address)))
        {
            faults.Add(
                $"{nameof(gossip.Address)} and at most {MaxPeers} {nameof(gossip.Seeds)} of gossip must be at most "
                + $"{GossipOptions.MaxAddressBytes} bytes of text.");
        }

        if (gossip.MaxSessions is < 1 or > 100 || gossip.GrantsPerSecond is not (>= 0.1 and <= 10_000))
        {
            faults.Add(
                $"{nameof(gossip.MaxSessions)} of gossip must be 1 to 100, and {nameof(gossip.GrantsPerSecond)} "
                + "0.1 to 10,000.");
        }
    }

    private static bool IsAddress(string address) => EnvelopeRules.IsName(
        System.Text.Encoding.UTF8.GetBytes(address), GossipOptions.MaxAddressBytes);

    private static void Check(List<string> faults, string name, TimeSpan value, TimeSpan least, TimeSpan most)
    {
        if (value < least || value > most)
        {
            faults.Add($"{name} must be {least} to {most}.");
        }
    }
}
