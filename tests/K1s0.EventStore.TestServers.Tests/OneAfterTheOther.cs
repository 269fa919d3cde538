// These tests count processes and directories of this process, and start a server each.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
