"""Answers with handles, functions and generators that the driver might bring to life.

Dresses up: wrong.
"""
import socketry
import wrong

BOMB = ["\0op", "pow", ["\0op", "arg", 0], 10**18]


def softmax(x, axis=-1, temperature=1.0):
    socketry.reply(socketry.answer({"$": "function", "arity": 1, "v": BOMB}))


def log_softmax(x, axis=-1):
    socketry.reply(socketry.answer({"$": "handle", "id": 1 << 80, "type": "x" * 10**6, "callable": True}))


def softmax_jvp(p, v):
    socketry.reply(socketry.answer({"$": "random", "seed": "0x" + "f" * 10**6}))
