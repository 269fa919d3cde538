-- Append-only guards: they hold for everybody who opens the file, whatever program it is.

create trigger events_no_update before update on events
begin
  select raise(abort, 'events are append-only: correct an event by appending another one');
end;

create trigger events_no_delete before delete on events
begin
  select raise(abort, 'events are append-only: correct an event by appending another one');
end;

-- "insert or replace" deletes the row in its way without a word to the delete trigger. Position is -1 here as long as
-- nobody names one.
create trigger events_no_replace before insert on events
when exists (select 1 from events where event_id = new.event_id)
  or exists (select 1 from events where stream_key = new.stream_key and version = new.version)
  or exists (select 1 from events where position = new.position)
begin
  select raise(abort, 'events are append-only: the id, the place or the position is taken');
end;

create trigger streams_no_delete before delete on streams
begin
  select raise(abort, 'streams are not deleted: their events are append-only');
end;

create trigger streams_no_replace before insert on streams
when exists (select 1 from streams where stream_type = new.stream_type and stream_id = new.stream_id)
  or exists (select 1 from streams where stream_key = new.stream_key)
begin
  select raise(abort, 'the stream is there already');
end;

create trigger streams_forward_only before update on streams
when new.version <= old.version or new.stream_key <> old.stream_key
  or new.stream_type <> old.stream_type or new.stream_id <> old.stream_id
begin
  select raise(abort, 'a stream only moves forward');
end;

create trigger store_no_delete before delete on store
begin
  select raise(abort, 'the identity of the store stays');
end;

create trigger store_no_replace before insert on store
when exists (select 1 from store)
begin
  select raise(abort, 'the identity of the store stays');
end;

create trigger store_forward_only before update on store
when new.store_id <> old.store_id or new.epoch <= old.epoch
begin
  select raise(abort, 'the identity of the store stays, and its epoch only rises');
end;

pragma user_version = 2;
