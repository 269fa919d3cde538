-- How many tables, indexes and triggers the file has.
select count(*) from sqlite_schema
