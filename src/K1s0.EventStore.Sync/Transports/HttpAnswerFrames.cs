namespace K1s0.EventStore.Sync;

/// <summary>
/// The frames of the last answer of <see cref="HttpSyncTransport"/>, together with how many bytes came in those before:
/// who looks beside the reading side sees both as they belong together.
/// </summary>
internal sealed class HttpAnswerFrames(StreamSyncTransport frames, long bytesBefore)
{
    public StreamSyncTransport Frames => frames;

    public long BytesMoved => bytesBefore + ((IPacedTransport)frames).BytesMoved;

    public void Limit(int maxReceivedBytes) => ((IPacedTransport)frames).MaxReceivedBytes = maxReceivedBytes;
}
