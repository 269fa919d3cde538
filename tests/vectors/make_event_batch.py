#!/usr/bin/env python3
"""Computes event-batch.v1.json from the published layout of batches, without the library and without Zstandard.

Frames hold their lines as they are (raw blocks of RFC 8878, with the content checksum), so that the result is the same
everywhere. Run it in this folder: python3 make_event_batch.py. It writes the file anew; the result must not change.
"""

import json
import uuid
from datetime import datetime, timedelta, timezone

from make_stream_chain import content_digest, microseconds, sha256, stream_link, stream_root, stream_tag

MASK = (1 << 64) - 1
P1, P2, P3, P4, P5 = (
    11400714785074694791, 14029467366897019727, 1609587929392839161, 9650029242287828579, 2870177450012600261)

STORE_ID = uuid.UUID("01980000-0000-7000-8000-000000000001")
EPOCH = 3


def rotate(value, bits):
    return ((value << bits) | (value >> (64 - bits))) & MASK


def xxh64(data):
    """XXH64 with seed 0, as RFC 8878 wants it for checksums."""
    def step(accumulator, lane):
        return (rotate((accumulator + lane * P2) & MASK, 31) * P1) & MASK

    at = 0
    if len(data) >= 32:
        lanes = [(P1 + P2) & MASK, P2, 0, (-P1) & MASK]
        while at + 32 <= len(data):
            for number in range(4):
                lanes[number] = step(lanes[number], int.from_bytes(data[at + 8 * number:at + 8 * number + 8], "little"))
            at += 32
        value = sum(rotate(lane, bits) for lane, bits in zip(lanes, (1, 7, 12, 18))) & MASK
        for lane in lanes:
            value = ((value ^ step(0, lane)) * P1 + P4) & MASK
    else:
        value = P5
    value = (value + len(data)) & MASK
    while at + 8 <= len(data):
        value = (rotate(value ^ step(0, int.from_bytes(data[at:at + 8], "little")), 27) * P1 + P4) & MASK
        at += 8
    if at + 4 <= len(data):
        value = (rotate(value ^ (int.from_bytes(data[at:at + 4], "little") * P1) & MASK, 23) * P2 + P3) & MASK
        at += 4
    for byte in data[at:]:
        value = (rotate(value ^ (byte * P5) & MASK, 11) * P1) & MASK
    value = ((value ^ (value >> 33)) * P2) & MASK
    value = ((value ^ (value >> 29)) * P3) & MASK
    return value ^ (value >> 32)


def zstd_frame(content):
    """One frame with content size, checksum, and one raw block."""
    head = bytes([0x28, 0xB5, 0x2F, 0xFD, 0xA4]) + len(content).to_bytes(4, "little")
    block = (1 | (len(content) << 3)).to_bytes(3, "little") + content
    return head + block + (xxh64(content) & 0xFFFFFFFF).to_bytes(4, "little")


def skippable(magic, content):
    return magic.to_bytes(4, "little") + len(content).to_bytes(4, "little") + content


def text(value):
    return json.dumps(value, ensure_ascii=False)


def member(name, utf8):
    value = utf8.decode("utf-8")
    if value != value.strip(" \t\r\n") or "\n" in value or "\r" in value:
        return f'"{name}Text":{text(value)}'
    return f'"{name}":{value}'


def line(event, with_chain):
    members = [
        f'"position":{event["position"]}', f'"id":{text(event["eventId"])}', f'"streamType":{text(event["aggregateType"])}',
        f'"streamId":{text(event["aggregateId"])}', f'"version":{event["version"]}', f'"type":{text(event["eventType"])}',
    ]
    if event["schemaVersion"] != 1:
        members.append(f'"schemaVersion":{event["schemaVersion"]}')
    members.append(f'"occurredAt":{text(event["occurredAt"])}')
    members.append(f'"recordedAt":{text(event["recordedAt"])}')
    if with_chain:
        members.append(f'"previousId":{text(event["previousId"])}')
        members.append(f'"chainHash":{text(event["chainHash"])}')
    metadata = bytes.fromhex(event["metadataHex"])
    if metadata != b"{}":
        members.append(member("metadata", metadata))
    members.append(member("payload", bytes.fromhex(event["payloadHex"])))
    return ("{" + ",".join(members) + "}\n").encode("utf-8")


def stream_filter(tags):
    size = max(1, (len(tags) * 16 + 63) // 64) * 8
    bits = bytearray(size)
    for tag in tags:
        first, step = int.from_bytes(tag[:8], "big"), int.from_bytes(tag[8:16], "big")
        for probe in range(8):
            bit = ((first + probe * step) & MASK) % (size * 8)
            bits[bit // 8] |= 1 << (bit % 8)
    return bytes(bits)


def batch(frames):
    body, filters, entries, table, lines = b"", b"", b"", b"", []
    for events in frames:
        heads, content = {}, b""
        for event in events:
            name = (event["aggregateType"], event["aggregateId"])
            known = event["version"] == 1 or heads.get(name) == event["version"] - 1
            lines.append(line(event, not known))
            content += lines[-1]
            heads[name] = event["version"]
        frame, bloom = zstd_frame(content), stream_filter([stream_tag(*name) for name in heads])
        recorded = [microseconds(event["recordedAt"]) for event in events]
        for number in (len(frame), len(content), len(events), len(bloom)):
            entries += number.to_bytes(4, "big")
        for number in (events[0]["position"], events[-1]["position"], min(recorded), max(recorded)):
            entries += number.to_bytes(8, "big", signed=True)
        entries += sha256(frame)
        table += len(frame).to_bytes(4, "little") + len(content).to_bytes(4, "little")
        body, filters = body + frame, filters + bloom
    index = b"K1S0BTCH" + bytes([1, 1, 0, 0]) + len(frames).to_bytes(4, "big")
    index += STORE_ID.bytes + EPOCH.to_bytes(8, "big") + sha256(filters) + entries
    index += sha256(index)
    for content in (filters, index):
        table += (len(content) + 8).to_bytes(4, "little") + bytes(4)
    table += (len(frames) + 2).to_bytes(4, "little") + bytes(1) + 0x8F92EAB1.to_bytes(4, "little")
    whole = body + skippable(0x184D2A50, filters) + skippable(0x184D2A50, index) + skippable(0x184D2A5E, table)
    return whole, filters, lines


def stored_events():
    start = datetime(2026, 7, 1, 13, 0, 0, tzinfo=timezone.utc)
    inputs = [
        ("order", "4711", "order-placed", 1, b'{"actor":"alice"}', b'{"total":1.0}'),
        ("order", "4712", "order-placed", 1, b"{}", b'{"total":2e2}'),
        ("order", "4711", "order-shipped", 2, b"{}", "{\n  \"to\": \"漢\"\n}".encode("utf-8")),
        ("order", "4712", "order-shipped", 2, b"{ }", b" [1, 2]"),
        ("注文 \"x\"", "a/b\\c", "null", 1, b"{}", b"null"),
        ("order", "4712", "order-paid", 1, b"{}", b'{"a":1,"a":2}'),
    ]
    heads, events = {}, []
    for number, (aggregate_type, aggregate_id, event_type, schema, metadata, payload) in enumerate(inputs):
        name = (aggregate_type, aggregate_id)
        tag = stream_tag(*name)
        version, previous_id, previous = heads.get(name, (0, str(uuid.UUID(int=0)), stream_root(tag)))
        event = {
            "position": 100 + 7 * number,
            "eventId": str(uuid.UUID(int=0x0198_0000_0000_7000_8000_0000_0000_0000 + number * 0x0101_0101)),
            "aggregateType": aggregate_type,
            "aggregateId": aggregate_id,
            "version": version + 1,
            "eventType": event_type,
            "schemaVersion": schema,
            "occurredAt": (start - timedelta(days=20000, microseconds=number)).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "recordedAt": (start + timedelta(microseconds=1001 * (number ^ 1))).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "previousId": previous_id,
            "metadataHex": metadata.hex(),
            "payloadHex": payload.hex(),
        }
        content = content_digest(event)
        link = stream_link(tag, version + 1, previous, content)
        event["contentDigest"], event["chainHash"] = content.hex(), link.hex()
        heads[name] = (version + 1, event["eventId"], link)
        events.append(event)
    return events


def vector(name, frames):
    whole, filters, lines = batch(frames)
    return {
        "name": name,
        "frames": [len(events) for events in frames],
        "lines": [item.decode("utf-8") for item in lines],
        "filtersHex": filters.hex(),
        "batchHex": whole.hex(),
    }


if __name__ == "__main__":
    EVENTS = stored_events()
    VECTORS = {
        "format": "k1s0 event batch vectors, version 1",
        "storeId": str(STORE_ID),
        "epoch": EPOCH,
        "events": EVENTS,
        "batches": [vector("one frame", [EVENTS]), vector("two frames", [EVENTS[:3], EVENTS[3:]])],
    }
    with open("event-batch.v1.json", "w", encoding="utf-8", newline="\n") as file:
        json.dump(VECTORS, file, ensure_ascii=True, indent=2)
        file.write("\n")
