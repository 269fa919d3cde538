-- Takes the write lock at once: a transaction that reads first could not take it any more after somebody else wrote.
begin immediate
