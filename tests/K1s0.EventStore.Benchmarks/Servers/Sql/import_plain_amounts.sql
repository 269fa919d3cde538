copy plain.amounts (stream, cents, events) from stdin (format binary)
