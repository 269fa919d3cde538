-- What decides how fast the server may confirm.
select current_setting('server_version'), current_setting('fsync'), current_setting('synchronous_commit'),
  current_setting('shared_buffers'), current_setting('commit_delay'), current_setting('commit_siblings')
