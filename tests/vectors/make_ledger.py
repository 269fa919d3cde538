#!/usr/bin/env python3
"""Computes ledger.v1.json from RFC 6962, RFC 8032, C2SP's texts and the published layouts, without the library.

Run it in this folder: python3 make_ledger.py. It writes the file anew; the result must not change.
"""

import base64
import hashlib
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "interop"))
sys.dont_write_bytecode = True

from make_stream_chain import event, stream  # noqa: E402
from verify import BASE, ORDER, compress, leaf_record, multiply, sha256, verify  # noqa: E402


# --- Trees, as they are defined -------------------------------------------------------------------------------------------

def entry(index):
    """What the trees of these vectors hold: the index in four bytes."""
    return index.to_bytes(4, "big")


NODES = {}


def split(count):
    return 1 << (count - 1).bit_length() - 1


def tree_hash(start, end):
    if (start, end) not in NODES:
        if start == end:
            return sha256()
        middle = start + split(end - start) if end - start > 1 else start
        NODES[start, end] = sha256(b"\0", entry(start)) if end - start == 1 else sha256(
            b"\1", tree_hash(start, middle), tree_hash(middle, end))
    return NODES[start, end]


def inclusion(index, start, end):
    if end - start == 1:
        return []
    middle = start + split(end - start)
    if index < middle:
        return inclusion(index, start, middle) + [tree_hash(middle, end)]
    return inclusion(index, middle, end) + [tree_hash(start, middle)]


def consistency(first, start, end, known=True):
    if first == end:
        return [] if known else [tree_hash(start, end)]
    middle = start + split(end - start)
    if first <= middle:
        return consistency(first, start, middle, known) + [tree_hash(middle, end)]
    return consistency(first, middle, end, False) + [tree_hash(start, middle)]


def outside(first, behind, start, end):
    if end <= first or start >= behind:
        return [tree_hash(start, end)]
    if first <= start and end <= behind:
        return []
    middle = start + split(end - start)
    return outside(first, behind, start, middle) + outside(first, behind, middle, end)


# --- Tiles ----------------------------------------------------------------------------------------------------------------

def tile_path(level, index, width):
    digits = f"{index % 1000:03}"
    while index >= 1000:
        index //= 1000
        digits = f"x{index % 1000:03}/{digits}"
    return f"tile/{level}/{digits}" + ("" if width == 256 else f".p/{width}")


def tile_bytes(level, index, width):
    span = 256 ** level
    first = index * 256
    return b"".join(tree_hash((first + i) * span, (first + i + 1) * span) for i in range(width))


def tiles_between(before, after):
    tiles = []
    for level in range(8):
        old, new = before // 256 ** level, after // 256 ** level
        if old == new:
            break
        for index in range(old // 256, (new + 255) // 256):
            tiles.append((level, index, min(256, new - index * 256)))
    return tiles


# --- Ed25519 and notes ----------------------------------------------------------------------------------------------------

def ed25519_expand(seed):
    digest = hashlib.sha512(seed).digest()
    scalar = int.from_bytes(digest[:32], "little") & (1 << 254) - 8 | 1 << 254
    return scalar, digest[32:], compress(multiply(scalar, BASE))


def ed25519_sign(seed, message):
    scalar, prefix, public_key = ed25519_expand(seed)
    r = int.from_bytes(hashlib.sha512(prefix + message).digest(), "little") % ORDER
    point = compress(multiply(r, BASE))
    h = int.from_bytes(hashlib.sha512(point + public_key + message).digest(), "little") % ORDER
    return point + ((r + h * scalar) % ORDER).to_bytes(32, "little")


def to_base64(data):
    return base64.b64encode(data).decode()


def key(name, seed):
    public_key = ed25519_expand(seed)[2]
    key_id = sha256(name.encode(), b"\n\1", public_key)[:4]
    pkcs8 = bytes.fromhex("302e020100300506032b657004220420") + seed
    pem = f"-----BEGIN PRIVATE KEY-----\n{to_base64(pkcs8)}\n-----END PRIVATE KEY-----\n"
    return {
        "name": name,
        "seed": seed,
        "id": key_id,
        "text": f"{name}+{key_id.hex()}+{to_base64(b'%c' % 1 + public_key)}",
        "pem": pem,
    }


def note(text, *keys):
    lines = [f"\u2014 {k['name']} {to_base64(k['id'] + ed25519_sign(k['seed'], text.encode()))}\n" for k in keys]
    return text + "\n" + "".join(lines)


ORIGIN = "example.com/k1s0/orders"
OLD_KEY = key(ORIGIN, hashlib.sha256(b"k1s0 ledger vectors, old key").digest())
NEW_KEY = key(ORIGIN, hashlib.sha256(b"k1s0 ledger vectors, new key").digest())


def checkpoint(size, root, *keys):
    return note(f"{ORIGIN}\n{size}\n{to_base64(root)}\n", *keys)


# --- Events and their proofs ----------------------------------------------------------------------------------------------

def logged_events():
    """Three events of one stream and one of another, each with the link before it."""
    streams = [
        stream("orders", "order", "order-uuid-1234", [
            event(21, "OrderPlaced", 1, "2026-01-02T03:04:05.123456+00:00", b"{}", b'{"total":1.0}'),
            event(22, "ItemAdded", 1, "2026-01-02T03:04:06+00:00", b'{"actor":"alice"}', b'{"item":"a","quantity":1e2}'),
            event(23, "OrderShipped", 2, "2026-01-03T00:00:00.000001+09:00", b"{ }", b'{"b":1,"a":2,"a":3}'),
        ]),
        stream("names", "\u6ce8\u6587", "e\u0301", [
            event(24, "\u54c1\u76ee\u8ffd\u52a0", 1, "1969-12-31T23:59:59.999999+00:00", b"null", "\"\U0001f600\"".encode()),
        ]),
    ]
    for item in streams:
        previous = item["root"]
        for version, stored in enumerate(item["events"], start=1):
            fields = {name: stored[name] for name in stored if name not in ("contentDigest", "chainHash")}
            yield {
                "aggregateType": item["aggregateType"],
                "aggregateId": item["aggregateId"],
                "version": version,
                "recordedAt": f"2026-01-04T05:06:07.00000{version}+00:00",
                **fields,
            }, previous, stored["chainHash"]
            previous = stored["chainHash"]


def proofs():
    logged = list(logged_events())
    records = [leaf_record(fields, bytes.fromhex(previous)) for fields, previous, _ in logged]
    leaves = [sha256(b"\0", record) for record in records]

    def root(start, end):
        if end - start == 1:
            return leaves[start]
        middle = start + split(end - start)
        return sha256(b"\1", root(start, middle), root(middle, end))

    def path(index, start, end):
        if end - start == 1:
            return []
        middle = start + split(end - start)
        if index < middle:
            return path(index, start, middle) + [root(middle, end)]
        return path(index, middle, end) + [root(start, middle)]

    head = checkpoint(len(leaves), root(0, len(leaves)), OLD_KEY, NEW_KEY)
    for index, ((fields, previous, link), record) in enumerate(zip(logged, records)):
        assert record[97:].hex() == link
        extra = to_base64(record + bytes.fromhex(previous))
        hashes = "".join(f"{to_base64(node)}\n" for node in path(index, 0, len(leaves)))
        proof = f"c2sp.org/tlog-proof@v1\nextra {extra}\nindex {index}\n{hashes}\n{head}"
        assert verify(fields, proof, NEW_KEY["text"]) == (len(leaves), index)
        yield {
            "event": fields,
            "previousLink": previous,
            "leafRecord": record.hex(),
            "leafHash": leaves[index].hex(),
            "proof": proof,
        }


def hexadecimal(hashes):
    return [item.hex() for item in hashes]


SIZES = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 100, 255, 256, 257, 1000, 65536, 70000]

if __name__ == "__main__":
    vectors = {
        "format": "k1s0 ledger vectors, version 1",
        "trees": [{"size": size, "root": tree_hash(0, size).hex()} for size in SIZES],
        "inclusion": [
            {"index": index, "size": size, "path": hexadecimal(inclusion(index, 0, size))}
            for index, size in [(0, 1), (0, 7), (3, 7), (4, 7), (6, 7), (256, 257), (999, 1000), (12345, 70000)]
        ],
        "consistency": [
            {"first": first, "second": second, "path": hexadecimal(consistency(first, 0, second))}
            for first, second in [(1, 1), (3, 7), (4, 7), (6, 7), (256, 257), (255, 1000), (65536, 70000), (257, 70000)]
        ],
        "subtrees": [
            {"start": start, "end": end, "size": size, "proof": hexadecimal(outside(start, end, 0, size))}
            for start, end, size in [(0, 1, 1), (2, 4, 6), (3, 10, 12), (0, 7, 7), (5, 7, 7), (300, 999, 1000), (256, 512, 70000)]
        ],
        "growth": [
            {"from": before, "to": after, "tiles": [tile_path(*tile) for tile in tiles_between(before, after)]}
            for before, after in [(0, 0), (0, 1), (0, 256), (1, 257), (255, 257), (300, 1000), (65000, 70000)]
        ],
        "tiles": [
            {"path": tile_path(*tile), "sha256": hashlib.sha256(tile_bytes(*tile)).hexdigest()}
            for tile in tiles_between(69000, 70000)
        ],
        "origin": ORIGIN,
        "keys": [{name: item[name] for name in ("name", "text", "pem")} for item in (OLD_KEY, NEW_KEY)],
        "checkpoints": [
            checkpoint(0, tree_hash(0, 0), OLD_KEY),
            checkpoint(1000, tree_hash(0, 1000), OLD_KEY, NEW_KEY),
            checkpoint(70000, tree_hash(0, 70000), NEW_KEY),
        ],
        "proofs": list(proofs()),
    }
    with open("ledger.v1.json", "w", encoding="utf-8", newline="\n") as file:
        json.dump(vectors, file, ensure_ascii=True, indent=2)
        file.write("\n")
