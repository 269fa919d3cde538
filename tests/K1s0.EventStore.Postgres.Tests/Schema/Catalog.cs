using Npgsql;

namespace K1s0.EventStore.Postgres.Tests.Schema;

/// <summary>What a schema consists of, one line a thing, without names that differ between databases.</summary>
internal static class Catalog
{
    private const string Query =
        """
        with relations as (
          select c.* from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = $1
        )
        select format('table %s %s %s %s %s', relname, relkind, reloptions, pg_get_partkeydef(oid),
          pg_get_expr(relpartbound, oid))
        from relations where relkind in ('r', 'p')
        union all
        select format('column %s.%s %s %s %s %s %s', c.relname, a.attname, format_type(a.atttypid, a.atttypmod),
          a.attnotnull, a.attidentity, pg_get_expr(d.adbin, d.adrelid), l.collname)
        from relations c
        join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
        left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
        left join pg_collation l on l.oid = a.attcollation
        where c.relkind in ('r', 'p')
        union all
        select 'index ' || pg_get_indexdef(oid) from relations where relkind in ('i', 'I')
        union all
        select format('constraint %s %s %s', c.relname, k.conname, pg_get_constraintdef(k.oid))
        from relations c join pg_constraint k on k.conrelid = c.oid
        union all
        select format('trigger %s %s', t.tgenabled, pg_get_triggerdef(t.oid))
        from relations c join pg_trigger t on t.tgrelid = c.oid and not t.tgisinternal
        union all
        select format('sequence %s %s %s %s %s %s %s', c.relname, format_type(s.seqtypid, null), s.seqstart,
          s.seqincrement, s.seqmin, s.seqcache, s.seqcycle)
        from relations c join pg_sequence s on s.seqrelid = c.oid
        union all
        select 'function ' || pg_get_functiondef(p.oid)
        from pg_proc p join pg_namespace n on n.oid = p.pronamespace where n.nspname = $1
        union all
        select 'privileges ' || relname || ' ' || coalesce(relacl::text, '') from relations
        """;

    public static async Task<IReadOnlyList<string>> ReadAsync(NpgsqlDataSource dataSource, string schema)
    {
        await using var command = dataSource.CreateCommand(Query);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = schema });
        await using var reader = await command.ExecuteReaderAsync();
        var lines = new List<string>();
        while (await reader.ReadAsync())
        {
            lines.Add(reader.GetString(0));
        }

        lines.Sort(StringComparer.Ordinal);
        return lines;
    }

    /// <summary>Fails with the lines that only one of the two has.</summary>
    public static void MustEqual(IReadOnlyList<string> actual, IReadOnlyList<string> expected)
    {
        actual.Except(expected, StringComparer.Ordinal).Should().BeEmpty();
        expected.Except(actual, StringComparer.Ordinal).Should().BeEmpty();
        actual.Should().HaveCount(expected.Count);
    }
}
