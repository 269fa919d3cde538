namespace K1s0.EventStore.Samples.Ledger;

/// <summary>One way to falsify the tables.</summary>
/// <param name="Description">What is done, for the reader.</param>
/// <param name="Kind">What the verifier must call it.</param>
/// <param name="Sql">How it is done; <c>{s}</c> stands for the schema.</param>
internal sealed record Attack(string Description, StoreFindingKind Kind, string Sql)
{
    /// <summary>Six of them, each by somebody who owns the tables.</summary>
    public static IReadOnlyList<Attack> All { get; } =
    [
        new(
            "raise the amount of Ada's second payment",
            StoreFindingKind.Edited,
            """
            update {s}.events set payload = convert_to(replace(convert_from(payload, 'UTF8'), '20', '90'), 'UTF8')
            where stream_id = 'ada' and version = 2
            """),
        new(
            "delete Ada's third payment, and close the gap in the versions",
            StoreFindingKind.Deleted,
            """
            delete from {s}.events where stream_id = 'ada' and version = 3;
            update {s}.events set version = 3 where stream_id = 'ada' and version = 4
            """),
        new(
            "swap Ada's second and third payment",
            StoreFindingKind.Swapped,
            """
            update {s}.events e set event_id = o.event_id, content_digest = o.content_digest, payload = o.payload,
              occurred_at = o.occurred_at, previous_event_id = o.previous_event_id
            from {s}.events o
            where e.stream_id = 'ada' and o.stream_id = 'ada' and e.version in (2, 3) and o.version = 5 - e.version
            """),
        new(
            "book Ada's first payment twice",
            StoreFindingKind.Duplicated,
            """
            insert into {s}.events
            select nextval('{s}.positions'), stream_key, 5, schema_version, occurred_at, recorded_at, event_id,
              previous_event_id, content_digest, chain_hash, stream_type, stream_id, event_type, actor, correlation_id,
              metadata, payload
            from {s}.events where stream_id = 'ada' and version = 1
            """),
        new(
            "move Bob's last payment into Ada's account",
            StoreFindingKind.Spliced,
            """
            update {s}.events e
            set stream_id = 'ada', stream_key = s.stream_key, version = 5, position = nextval('{s}.positions')
            from {s}.streams s
            where s.stream_id = 'ada' and e.stream_id = 'bob' and e.version = 4
            """),
        new(
            "bring the whole database back to an older state, consistent in itself, as if the last payments had never been",
            StoreFindingKind.TailCutOff,
            """
            delete from {s}.tree_heads where tree_size = (select max(tree_size) from {s}.tree_heads);
            delete from {s}.events where position > (select max(last_position) from {s}.tree_heads);
            delete from {s}.event_ids i where not exists (select from {s}.events e where e.event_id = i.event_id);
            delete from {s}.leaf_runs where first_index >= (select max(tree_size) from {s}.tree_heads);
            update {s}.tiles set hashes = substring(hashes for 32 * (select max(tree_size)::int from {s}.tree_heads));
            update {s}.streams s
            set version = e.version, prior_version = 0, head_hash = e.chain_hash, head_event_id = e.event_id
            from {s}.events e
            where e.stream_key = s.stream_key
              and e.version = (select max(version) from {s}.events m where m.stream_key = s.stream_key)
            """),
    ];
}
