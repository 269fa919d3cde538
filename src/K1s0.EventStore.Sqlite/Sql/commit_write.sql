-- Makes the transaction visible, and durable at the level of the connection.
commit
