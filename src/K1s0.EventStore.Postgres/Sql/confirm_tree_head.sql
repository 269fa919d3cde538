-- Writes the signature of a head as it is: a commit that is confirmed confirms all before. $1 size, $2 root
-- A session that does not want to hear warnings would take an unconfirmed commit for a confirmed one.
update {schema}.tree_heads set note = note where tree_size = $1 and root = $2 and note is not null
returning tree_size, case when current_setting('client_min_messages') = 'error'
  then set_config('client_min_messages', 'warning', true) end as hears_warnings
