namespace K1s0.EventStore.Sync;

/// <summary>The first byte of a frame. Numbers are part of the protocol: retired, not reused.</summary>
internal static class FrameType
{
    public const byte Hello = 1;
    public const byte Welcome = 2;
    public const byte Confirm = 3;
    public const byte Refuse = 4;

    public const byte Digest = 10;
    public const byte Same = 11;
    public const byte Vector = 12;
    public const byte Events = 13;
    public const byte Ack = 14;
    public const byte Done = 15;
    public const byte Link = 16;
    public const byte Ahead = 17;

    public const byte Compare = 20;
    public const byte Compared = 21;
    public const byte Fetch = 22;
    public const byte Fetched = 23;

    public const byte SnapshotWant = 30;
    public const byte SnapshotOffer = 31;
    public const byte SnapshotNone = 32;
    public const byte SnapshotPull = 33;
    public const byte SnapshotChunk = 34;
    public const byte SnapshotGone = 35;

    public const byte Gossip = 40;
    public const byte GossipAnswer = 41;
}
