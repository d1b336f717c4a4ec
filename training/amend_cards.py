#!/usr/bin/env python3
"""Writes fields into the cards (metadata entry `blindsight`) of ONNX files that are there, by their data set; every other byte stays.

    amend_cards.py ../models/*.onnx          (add --check to change nothing, and fail where something would change)

Needs nothing but Python: a file is taken apart at its outermost level only (protobuf's wire format, ModelProto.metadata_props = 14).
"""
import json
import sys
from pathlib import Path

from card_texts import MODALITY

METADATA = 14  # of ModelProto: StringStringEntryProto {key = 1, value = 2}


def fields_for(card):
    """What is to be added to a card that says what it was trained on."""
    return {"modality": MODALITY[card["dataset"]]} if card.get("dataset") in MODALITY else {}


def amended(data):
    """The file with its card amended."""
    parts, at = [], 0
    while at < len(data):
        end, number, body = field(data, at)
        part = data[at:end]
        if number == METADATA:
            key, value = entry(body)
            if key == "blindsight":
                card = json.loads(value)
                card.update(fields_for(card))
                part = message(METADATA, text(1, key) + text(2, json.dumps(card)))
        parts.append(part)
        at = end
    return b"".join(parts)


def entry(body):
    found, at = {}, 0
    while at < len(body):
        at, number, value = field(body, at)
        found[number] = value.decode()
    return found[1], found.get(2, "")


def field(data, at):
    """Where the field at `at` ends, its number, and its bytes where it has a length."""
    head, at = varint(data, at)
    number, wire = head >> 3, head & 7
    if wire == 0:
        _, at = varint(data, at)
        return at, number, b""
    if wire in (1, 5):
        return at + (8 if wire == 1 else 4), number, b""
    if wire != 2:
        raise SystemExit(f"wire type {wire}: no ONNX file has it")
    length, at = varint(data, at)
    return at + length, number, data[at:at + length]


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at, value, shift = at + 1, value | (byte & 127) << shift, shift + 7
        if byte < 128:
            return value, at


def written(value):
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes(out + bytes([value]))


def message(number, body):
    return written(number << 3 | 2) + written(len(body)) + body


def text(number, value):
    return message(number, value.encode())


if __name__ == "__main__":
    check = "--check" in sys.argv
    stale = []
    for path in map(Path, filter(lambda word: word != "--check", sys.argv[1:])):
        before = path.read_bytes()
        after = amended(before)
        if before != after:
            stale.append(path.name)
            if not check:
                path.write_bytes(after)
    print(f"{len(stale)} cards {'lack fields' if check else 'amended'}: {', '.join(stale)}" if stale else "every card is as it should be")
    sys.exit(1 if check and stale else 0)
