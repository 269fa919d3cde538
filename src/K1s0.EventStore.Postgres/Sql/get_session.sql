-- Which server process answers: behind a pooler it is another one than the driver was told.
select pg_backend_pid()
