-- Keeps the signature of a head. $1 size, $2 root, $3 signed note
-- A session that does not want to hear warnings would take an unconfirmed commit for a confirmed one.
update {schema}.tree_heads set note = $3 where tree_size = $1 and root = $2
returning tree_size, case when current_setting('client_min_messages') = 'error'
  then set_config('client_min_messages', 'warning', true) end as hears_warnings
