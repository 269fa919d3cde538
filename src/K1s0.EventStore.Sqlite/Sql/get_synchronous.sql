-- What the connection flushes: 1 normal, 2 full.
pragma synchronous
