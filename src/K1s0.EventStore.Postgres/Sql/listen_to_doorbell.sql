-- From now on this session hears when somebody rings.
listen k1s0_event_store
