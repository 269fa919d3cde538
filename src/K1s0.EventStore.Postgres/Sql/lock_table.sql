-- Waits until nobody uses the table, and keeps everybody off until the transaction ends. {table} is its quoted name.
lock table {table} in access exclusive mode
