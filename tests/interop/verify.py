#!/usr/bin/env python3
"""Checks that a log holds an event, with nothing but the Python standard library and the published formats.

    verify.py EVENT.json PROOF.tlog-proof VERIFIER-KEY [ORIGIN]

EVENT.json is one exported event, PROOF the file that came with it, VERIFIER-KEY the text name+id+base64 of an Ed25519 key.
ORIGIN names the log; without it, it is the name of the key. Everything is computed from the event's bytes.
Ends with 0 when all is well, with 1 and the reason when it is not, with 2 when it is called wrongly.
"""
import base64
import hashlib
import json
import sys
import uuid
from datetime import datetime, timedelta, timezone
from pathlib import Path

def check(holds, reason):
    if not holds:
        raise ValueError(reason)

def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()

def from_base64(text):
    data = base64.b64decode(text)
    check(base64.b64encode(data).decode() == text, "base64 with stray bits")
    return data

def number(text):
    check(text.isdigit() and text == str(int(text)) and int(text) < 2 ** 63, f"'{text}' is no number")
    return int(text)

# --- The event: content digest, chain link, leaf record -------------------------------------------------------------------
def fields(*values):
    return b"".join(len(value).to_bytes(4, "big") + value for value in values)

def time_bytes(text):
    since = datetime.fromisoformat(text) - datetime(1970, 1, 1, tzinfo=timezone.utc)
    return (since // timedelta(microseconds=1)).to_bytes(8, "big", signed=True)

def leaf_record(event, previous_link):
    event_id = uuid.UUID(event["eventId"]).bytes
    name = event["aggregateType"].encode(), event["aggregateId"].encode()
    content = sha256(fields(
        b"k1s0-event-content/1", event_id, *name, event["eventType"].encode(),
        event["schemaVersion"].to_bytes(4, "big", signed=True), time_bytes(event["occurredAt"]),
        sha256(bytes.fromhex(event["metadataHex"])), sha256(bytes.fromhex(event["payloadHex"]))))
    tag = sha256(b"k1s0-stream-tag/1", fields(*name))
    check(event["version"] != 1 or previous_link == sha256(b"k1s0-stream-root/1", tag),
          "the first event does not follow the empty stream")
    version = event["version"].to_bytes(8, "big", signed=True)
    link = sha256(b"k1s0-stream-link/1", tag, version, previous_link, content)
    return b"\x01" + tag + version + event_id + time_bytes(event["recordedAt"]) + content + link

# --- The tree: RFC 6962, section 2.1.1 ------------------------------------------------------------------------------------
def root_from_path(leaf_hash, index, size, path):
    check(index < size, "the tree has no such leaf")
    if size == 1:
        check(not path, "the path is too long")
        return leaf_hash
    check(path, "the path is too short")
    left = 1 << (size - 1).bit_length() - 1     # The largest power of two below the size.
    if index < left:
        return sha256(b"\x01", root_from_path(leaf_hash, index, left, path[:-1]), path[-1])
    return sha256(b"\x01", path[-1], root_from_path(leaf_hash, index - left, size - left, path[:-1]))

# --- Ed25519: RFC 8032, section 5.1 ---------------------------------------------------------------------------------------
P = 2 ** 255 - 19
ORDER = 2 ** 252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P

def point(y, sign):
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    check((x * x - square) % P == 0 and not (x == 0 and sign), "a point is not on the curve")
    x = P - x if x & 1 != sign else x
    return x, y, 1, x * y % P

def add(p, q):
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % P, (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P

def multiply(factor, base):
    if factor == 0:
        return 0, 1, 1, 0
    rest = multiply(factor >> 1, add(base, base))
    return add(rest, base) if factor & 1 else rest

def ed25519_verifies(public_key, message, signature):
    encoded, s = int.from_bytes(public_key, "little"), int.from_bytes(signature[32:], "little")
    y, sign = encoded & (1 << 255) - 1, encoded >> 255
    if len(signature) != 64 or s >= ORDER or y >= P:
        return False
    x, y, z, t = point(y, sign)
    h = int.from_bytes(hashlib.sha512(signature[:32] + public_key + message).digest(), "little") % ORDER
    x, y, z, t = add(multiply(s, point(4 * pow(5, -1, P) % P, 0)), multiply(h, (P - x, y, z, P - t)))
    x, y = x * pow(z, -1, P) % P, y * pow(z, -1, P) % P
    return (y | (x & 1) << 255).to_bytes(32, "little") == signature[:32]

# --- The signed head and the proof: C2SP signed-note, tlog-checkpoint, tlog-proof -----------------------------------------
def open_note(note, key_text):
    name, key_id, key = key_text.split("+", 2)
    key = from_base64(key)
    check(len(key) == 33 and key[0] == 1, "the verifier key is not of type Ed25519")
    check(sha256(name.encode(), b"\n", key)[:4].hex() == key_id, "the verifier key does not fit its id")
    text, signatures = note[:note.rindex("\n\n") + 1], note[note.rindex("\n\n") + 2:]
    check(signatures.endswith("\n"), "the last signature line is cut off")
    known = 0
    for line in signatures[:-1].split("\n"):
        dash, signer, signature = line.split(" ")
        signature = from_base64(signature)
        check(dash == "\u2014", "a signature line is malformed")
        if signer == name and signature[:4] == bytes.fromhex(key_id):
            check(ed25519_verifies(key[1:], text.encode(), signature[4:]), "the signature of the head is wrong")
            known += 1
    check(known, "the head is not signed by this key")
    return name, text

def verify(event, proof, key_text, origin=None):
    """Returns the size of the tree and the index of the event in it, or raises an error that says why not."""
    check(event.get("formatVersion") == 1, "the event is not in version 1 of the format")
    head, note = proof.split("\n\n", 1)
    lines = head.split("\n")
    check(lines[0] == "c2sp.org/tlog-proof@v1", "this is no tlog-proof")
    check(lines[1].startswith("extra ") and lines[2].startswith("index "), "extra or index is missing")
    extra, index = from_base64(lines[1][6:]), number(lines[2][6:])
    check(len(extra) == 129 + 32 and extra[0] == 1, "the extra bytes are no leaf record of version 1")
    record = leaf_record(event, previous_link=extra[129:])
    check(record == extra[:129], "the event is not the one that the leaf record describes")
    name, text = open_note(note, key_text)
    found_origin, size, root, *_ = text.split("\n")
    check(found_origin == (origin or name), "the head is that of another log")
    path = [from_base64(line) for line in lines[3:]]
    check(all(len(node) == 32 for node in path), "a hash of the path has not 32 bytes")
    computed = root_from_path(sha256(b"\x00", record), index, number(size), path)
    check(computed == from_base64(root), "the path does not lead to the root that was signed")
    return number(size), index

def main(arguments):
    if len(arguments) not in (3, 4):
        print(__doc__, file=sys.stderr)
        return 2
    try:
        event, proof = json.loads(Path(arguments[0]).read_bytes()), Path(arguments[1]).read_bytes().decode()
        size, index = verify(event, proof, *arguments[2:])
    except Exception as error:      # Whatever is wrong with the files, nothing is proved.
        print(f"NOT PROVED: {error}")
        return 1
    print(f"PROVED: event {event['eventId']} is leaf {index} of {size}")
    return 0

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
