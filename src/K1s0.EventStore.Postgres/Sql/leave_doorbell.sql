-- This session goes back to its pool and hears nothing any more.
unlisten k1s0_event_store
