"""Prints and raises terminal escapes, markup, formulas, turned text and halves of characters.

Dresses up: wrong.
"""
import sys

import wrong

WORDS = (
    "\x1b[2J\x1b]0;title\x07\x1b[8m \x9b31m \r\x08 <script>alert(1)</script> <img src=x onerror=alert(1)> "
    "=HYPERLINK(\"http://x\") \u202egnorw\u202c \u2066x\u2069 \u200b \ud800 \x00 \u2028 {{7*7}} ${jndi} '; drop table grades; --"
)
Steering = type("\x1b[31mError\u202e", (Exception,), {})


def softmax(x, axis=-1, temperature=1.0):
    sys.stdout.buffer.write(WORDS.encode("utf-8", "surrogatepass") + b"\xff\xfe\n")
    print(WORDS, file=sys.stderr)
    raise Steering(WORDS)


def log_softmax(x, axis=-1):
    return {WORDS: WORDS}


softmax_jvp = wrong.softmax_jvp
