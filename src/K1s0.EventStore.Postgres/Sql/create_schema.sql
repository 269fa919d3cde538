-- Makes the schema.
create schema {schema}
