-- A commit is handed to the operating system: it outlives the process, the last ones may not outlive a power loss.
pragma synchronous = normal;
