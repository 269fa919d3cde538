-- Where a projection is rebuilt. {rebuild} is the quoted name of its schema.
create schema {rebuild}
