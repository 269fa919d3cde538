-- Whether the server keeps what it confirms, and shows it to who asks later.
select current_setting('fsync'), current_setting('synchronous_commit'), current_setting('default_transaction_isolation')
