namespace K1s0.EventStore.TestServers;

/// <summary>A message that the proxy saw.</summary>
/// <param name="Direction">Who sent it.</param>
/// <param name="Type">PostgreSQL's letter for its type.</param>
public readonly record struct ProxyMessage(MessageDirection Direction, char Type)
{
    /// <summary>Its name in PostgreSQL's documentation of the protocol, or its letter.</summary>
    public string Name => Direction == MessageDirection.Frontend ? FrontendName(Type) : BackendName(Type);

    /// <summary>Whether the client waits for the server after it: Sync or Query.</summary>
    public bool EndsRequest => Direction == MessageDirection.Frontend && Type is ('S' or 'Q');

    /// <summary>Whether the server waits for the client after it: ReadyForQuery.</summary>
    public bool EndsAnswer => Direction == MessageDirection.Backend && Type == 'Z';

    /// <inheritdoc/>
    public override string ToString() => Direction == MessageDirection.Frontend ? $"> {Name}" : $"< {Name}";

    private static string FrontendName(char type) => type switch
    {
        'B' => "Bind",
        'C' => "Close",
        'D' => "Describe",
        'E' => "Execute",
        'H' => "Flush",
        'P' => "Parse",
        'Q' => "Query",
        'S' => "Sync",
        'c' => "CopyDone",
        'd' => "CopyData",
        'f' => "CopyFail",
        _ => type.ToString(),
    };

    private static string BackendName(char type) => type switch
    {
        '1' => "ParseComplete",
        '2' => "BindComplete",
        '3' => "CloseComplete",
        'A' => "NotificationResponse",
        'C' => "CommandComplete",
        'D' => "DataRow",
        'E' => "ErrorResponse",
        'G' => "CopyInResponse",
        'N' => "NoticeResponse",
        'S' => "ParameterStatus",
        'T' => "RowDescription",
        'Z' => "ReadyForQuery",
        'n' => "NoData",
        's' => "PortalSuspended",
        't' => "ParameterDescription",
        _ => type.ToString(),
    };
}
