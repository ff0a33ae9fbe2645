"""Answers with every JSON value where something else must stand, in values and in errors.

Dresses up: wrong.
"""
import struct

import socketry
import wrong

ODD = [
    b"null", b"[]", b"{}", b'{"body": 1, "sizes": 3}', b'{"body": NaN, "sizes": []}', b"\xff\xfe", b'{"sizes": []}',
    b'{"body": {"$": "dict", "v": 7}, "sizes": []}', b'{"body": {"$": "tuple", "v": {"$": "array"}}, "sizes": []}',
    b'{"body": {"$": "dict", "v": [["error", {"$": "dict", "v": [["type", 1]]}]]}, "sizes": []}',
    b'{"body": {"$": "dict", "v": [["error", {"$": "dict", "v": [["type", "T"], ["message", "m"], ["kinds", []], ["frames", [[1, 2]]]]}]]}, "sizes": []}',
    b'{"body": {"$": "int", "v": "0x' + b"f" * 100_000 + b'"}, "sizes": []}', b"1" * 100_000,
    b'{"body": {"$": "float", "v": "\\ud800"}, "sizes": []}', b'{"body": {"$": ["array"]}, "sizes": []}',
]  # fmt: skip
served = []


def softmax(x, axis=-1, temperature=1.0):
    text = ODD[len(served) % len(ODD)]
    served.append(1)
    socketry.reply(b"KATA" + struct.pack(">I", len(text)) + text)


log_softmax = softmax_jvp = softmax
