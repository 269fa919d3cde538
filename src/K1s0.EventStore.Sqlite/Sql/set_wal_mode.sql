-- Readers and the writer do not block each other. Returns the mode that the file is in now.
pragma journal_mode = wal
