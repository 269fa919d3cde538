-- Keeps the signature of a head. $1 size, $2 root, $3 signed note
update {schema}.tree_heads set note = $3 where tree_size = $1 and root = $2 returning tree_size
