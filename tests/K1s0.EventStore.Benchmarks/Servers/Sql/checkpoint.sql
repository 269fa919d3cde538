-- Writes out what earlier work left in memory, so that no flush of later commits has to.
checkpoint
