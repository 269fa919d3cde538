namespace K1s0.EventStore.TestServers;

/// <summary>
/// One place at which a conversation with the server is cut, once. Messages are counted from the moment of arming,
/// per direction, from 1; the start of a connection and its end (Terminate) are not counted.
/// </summary>
/// <param name="Direction">Whose messages are counted.</param>
/// <param name="Message">The number of the message.</param>
/// <param name="Point">Where in relation to it.</param>
/// <param name="Manner">How the client learns of it.</param>
public sealed record CutPlan(
    MessageDirection Direction, int Message, CutPoint Point, CutManner Manner = CutManner.Reset)
{
    /// <summary>
    /// Every cut of a recorded conversation: before, in the middle of and after each message to the server, before and
    /// in the middle of each answer. (After the last answer nothing is missing; after another one is before the next.)
    /// </summary>
    public static IReadOnlyList<CutPlan> EveryCutOf(
        IReadOnlyCollection<ProxyMessage> conversation, CutManner manner = CutManner.Reset)
    {
        ArgumentNullException.ThrowIfNull(conversation);
        var sent = conversation.Count(message => message.Direction == MessageDirection.Frontend);
        var answered = conversation.Count - sent;
        return
        [
            .. Cuts(MessageDirection.Frontend, sent, [CutPoint.Before, CutPoint.Middle, CutPoint.After], manner),
            .. Cuts(MessageDirection.Backend, answered, [CutPoint.Before, CutPoint.Middle], manner),
        ];
    }

    /// <summary>
    /// Whether the server receives all of message <paramref name="frontendMessage"/> of the client. A cut among the
    /// answers lets through the whole request that is being answered, and of a later one at most what the client had
    /// sent without waiting for that answer.
    /// </summary>
    public bool LetsThrough(IReadOnlyCollection<ProxyMessage> conversation, int frontendMessage)
    {
        if (Direction == MessageDirection.Frontend)
        {
            return frontendMessage < Message || (frontendMessage == Message && Point == CutPoint.After);
        }

        var answeredRequests = conversation
            .Where(message => message.Direction == MessageDirection.Backend)
            .Take(Message - 1)
            .Count(message => message.EndsAnswer);
        var earlierRequests = conversation
            .Where(message => message.Direction == MessageDirection.Frontend)
            .Take(frontendMessage - 1)
            .Count(message => message.EndsRequest);
        return earlierRequests <= answeredRequests;
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Manner} {Point} {Direction} message {Message}";

    private static IEnumerable<CutPlan> Cuts(
        MessageDirection direction, int messages, CutPoint[] points, CutManner manner) =>
        from message in Enumerable.Range(1, messages)
        from point in points
        select new CutPlan(direction, message, point, manner);
}
