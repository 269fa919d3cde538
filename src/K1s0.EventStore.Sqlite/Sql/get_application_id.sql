-- Which program the file belongs to; 0 when nobody says.
pragma application_id
