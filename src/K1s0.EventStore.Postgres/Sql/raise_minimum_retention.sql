-- Makes a month stay for at least so long after its end; never shorter than before. $1 how long
update {schema}.store set minimum_retention = greatest(minimum_retention, $1)
returning case when current_setting('client_min_messages') = 'error'
  then set_config('client_min_messages', 'warning', true) end as hears_warnings
