-- Where a stream is. $1 key
select version from plain.streams where stream_key = $1
