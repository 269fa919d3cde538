-- Moves a stream one version on, if it is where the writer believes. $1 key, $2 believed version
update plain.streams set version = version + 1 where stream_key = $1 and version = $2
