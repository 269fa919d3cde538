-- Whether the server keeps what it confirms.
select current_setting('fsync'), current_setting('synchronous_commit')
