#!/usr/bin/env python3
"""Computes stream-chain.v1.json from the published layout of content digests and stream chains, without the library.

Run it in this folder: python3 make_stream_chain.py. It writes the file anew; the result must not change.
"""

import hashlib
import json
import uuid
from datetime import datetime, timedelta, timezone

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def sha256(data):
    return hashlib.sha256(data).digest()


def field(data):
    return len(data).to_bytes(4, "big") + data


def microseconds(text):
    """Whole microseconds since 1970, towards the past; the text has at most six digits of fraction."""
    return (datetime.fromisoformat(text) - EPOCH) // timedelta(microseconds=1)


def content_digest(event):
    fields = [
        b"k1s0-event-content/1",
        uuid.UUID(event["eventId"]).bytes,
        event["aggregateType"].encode("utf-8"),
        event["aggregateId"].encode("utf-8"),
        event["eventType"].encode("utf-8"),
        event["schemaVersion"].to_bytes(4, "big", signed=True),
        microseconds(event["occurredAt"]).to_bytes(8, "big", signed=True),
        sha256(bytes.fromhex(event["metadataHex"])),
        sha256(bytes.fromhex(event["payloadHex"])),
    ]
    return sha256(b"".join(field(data) for data in fields))


def stream_tag(aggregate_type, aggregate_id):
    return sha256(b"k1s0-stream-tag/1" + field(aggregate_type.encode("utf-8")) + field(aggregate_id.encode("utf-8")))


def stream_root(tag):
    return sha256(b"k1s0-stream-root/1" + tag)


def stream_link(tag, version, previous, content):
    return sha256(b"k1s0-stream-link/1" + tag + version.to_bytes(8, "big", signed=True) + previous + content)


def event(number, event_type, schema_version, occurred_at, metadata, payload):
    return {
        "eventId": str(uuid.UUID(int=0x0192_0000_0000_7000_8000_0000_0000_0000 + number * 0x0101_0101)),
        "eventType": event_type,
        "schemaVersion": schema_version,
        "occurredAt": occurred_at,
        "metadataHex": metadata.hex(),
        "payloadHex": payload.hex(),
    }


def stream(name, aggregate_type, aggregate_id, events):
    tag = stream_tag(aggregate_type, aggregate_id)
    link = stream_root(tag)
    vector = {
        "name": name,
        "aggregateType": aggregate_type,
        "aggregateId": aggregate_id,
        "tag": tag.hex(),
        "root": link.hex(),
        "events": [],
    }
    for version, item in enumerate(events, start=1):
        content = content_digest({"aggregateType": aggregate_type, "aggregateId": aggregate_id, **item})
        link = stream_link(tag, version, link, content)
        vector["events"].append({**item, "contentDigest": content.hex(), "chainHash": link.hex()})
    return vector


VECTORS = {
    "format": "k1s0 stream chain vectors, version 1",
    "streams": [
        stream("plain", "order", "order-uuid-1234", [
            event(1, "OrderPlaced", 1, "2026-01-02T03:04:05.123456+00:00", b"{}", b'{"total":1.0}'),
            event(2, "ItemAdded", 1, "2026-01-02T03:04:06+00:00", b'{"actor":"alice"}', b'{"item":"a","quantity":1e2}'),
            event(3, "OrderShipped", 2, "2026-01-03T00:00:00.000001+09:00", b"{ }", b'{"b":1,"a":2,"a":3}'),
        ]),
        stream("no events", "order", "nothing", []),
        stream("names outside of ASCII", "注文", "e\u0301-\u00e9-😀", [
            event(4, "品目追加", 1, "2026-01-02T03:04:05+00:00", b"null", "\"日本語 😀\"".encode("utf-8")),
            event(5, "品目追加", 1, "2026-01-02T03:04:05+00:00", b"null", b'"\\u65e5\\u672c\\u8a9e \\ud83d\\ude00"'),
            event(6, "lone", 1, "2026-01-02T03:04:05+00:00", b'{"\\ud800":1}', b'"\\u0000\\ud800"'),
        ]),
        stream("times", "clock", "1", [
            event(7, "Tick", 1, "1970-01-01T00:00:00+00:00", b"{}", b"1"),
            event(8, "Tick", 1, "1969-12-31T23:59:59.999999+00:00", b"{}", b"1"),
            event(9, "Tick", 1, "0001-01-02T00:00:00+00:00", b"{}", b"1"),
            event(10, "Tick", 1, "9998-12-31T23:59:59.999999+00:00", b"{}", b"1"),
            event(11, "Tick", 2147483647, "2026-06-30T23:59:59.500000-07:00", b"{}", b"1"),
        ]),
        stream("where one name ends and the next begins, 1", "ab", "c", [
            event(12, "de", 1, "2026-01-02T03:04:05+00:00", b"{}", b"[]"),
        ]),
        stream("where one name ends and the next begins, 2", "a", "bc", [
            event(12, "de", 1, "2026-01-02T03:04:05+00:00", b"[]", b"{}"),
        ]),
        stream("longest names", "t" * 255, "i" * 500, [
            event(13, "e" * 255, 1, "2026-01-02T03:04:05+00:00", b"{}", b"[" * 1000 + b"]" * 1000),
        ]),
    ],
}

if __name__ == "__main__":
    with open("stream-chain.v1.json", "w", encoding="utf-8", newline="\n") as file:
        json.dump(VECTORS, file, ensure_ascii=True, indent=2)
        file.write("\n")
