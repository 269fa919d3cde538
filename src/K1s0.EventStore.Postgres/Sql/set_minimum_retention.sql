-- Sets how long a month stays after its end. $1 how long
update {schema}.store set minimum_retention = $1
returning case when current_setting('client_min_messages') = 'error'
  then set_config('client_min_messages', 'warning', true) end as hears_warnings
