namespace K1s0.EventStore.TestServers;

/// <summary>The signals that tests send, with their numbers on Linux.</summary>
public enum ProcessSignal
{
    /// <summary>SIGINT: PostgreSQL's fast shutdown.</summary>
    Interrupt = 2,

    /// <summary>SIGQUIT: PostgreSQL's immediate shutdown.</summary>
    Quit = 3,

    /// <summary>SIGKILL: the process ends without a chance to do anything.</summary>
    Kill = 9,

    /// <summary>SIGTERM: PgBouncer's immediate shutdown.</summary>
    Terminate = 15,

    /// <summary>SIGCONT: a frozen process goes on.</summary>
    Continue = 18,

    /// <summary>SIGSTOP: the process freezes.</summary>
    Stop = 19,
}
