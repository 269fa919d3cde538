-- Every commit is flushed before it is confirmed; fullfsync is what that takes on macOS, and nothing elsewhere.
pragma synchronous = full;
pragma fullfsync = on;
pragma checkpoint_fullfsync = on;
