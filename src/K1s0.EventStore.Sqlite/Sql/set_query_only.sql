-- A reader's connection cannot write.
pragma query_only = on
