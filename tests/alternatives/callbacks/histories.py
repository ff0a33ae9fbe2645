"""Callbacks that look back over whole histories, weights in NumPy files, a log written at its end, in PyTorch."""

import math
import os
import struct
import time
from pathlib import Path

import numpy as np
import torch
from torch.nn.utils import parameters_to_vector


def improvements(values, min_delta, mode):
    """The places of the values that improved on all before them."""
    found = []
    for i, value in enumerate(values):
        if math.isnan(value):
            continue
        best = values[found[-1]] if found else None
        if best is None or (best - value if mode == "min" else value - best) > min_delta:
            found.append(i)
    return found


def refuse(patience, mode):
    if mode not in {"min", "max"}:
        raise ValueError(f"mode should be min or max, not {mode}")
    if patience < 1:
        raise ValueError(f"patience should be 1 or more, not {patience}")


def values(model):
    """Parameters and running statistics; a count of batches is an integer, which no vector of them holds."""
    return [value for value in model.state_dict().values() if value.is_floating_point()]


def read_weights(model):
    return parameters_to_vector(values(model)).clone()


def write_weights(model, weights):
    own = values(model)
    for value, part in zip(own, weights.split([value.numel() for value in own]), strict=True):
        value.copy_(part.view_as(value))


class EarlyStopping:
    def __init__(self, patience=3, min_delta=0.0, mode="min"):
        refuse(patience, mode)
        self.patience, self.rule, self.values, self.kept = patience, (min_delta, mode), [], {}

    @property
    def best(self):
        places = improvements(self.values, *self.rule)
        return self.values[places[-1]] if places else None

    def step(self, value, model=None):
        self.values.append(value)
        places = improvements(self.values, *self.rule)
        last = places[-1] if places else -1
        if model is not None and last == len(self.values) - 1:
            self.kept = {last: read_weights(model)}
        return len(self.values) - 1 - last >= self.patience

    def restore(self, model):
        (weights,) = self.kept.values()
        write_weights(model, weights)


class ReduceOnPlateau:
    def __init__(self, lr, factor=0.5, patience=2, min_delta=0.0, min_lr=0.0, mode="min"):
        refuse(patience, mode)
        self.start, self.factor, self.patience, self.least = lr, factor, patience, min_lr
        self.rule, self.values = (min_delta, mode), []

    def step(self, value):
        self.values.append(value)
        better = set(improvements(self.values, *self.rule))
        rate, idle = self.start, 0
        for i in range(len(self.values)):
            idle = 0 if i in better else idle + 1
            if idle == self.patience:
                rate, idle = max(self.least, rate * self.factor), 0
        return float(rate)


class Checkpoint:
    def __init__(self, path, mode="min"):
        refuse(1, mode)
        self.path, self.mode, self.values = path, mode, []

    def step(self, value, model):
        self.values.append(value)
        places = improvements(self.values, 0.0, self.mode)
        if not places or places[-1] != len(self.values) - 1:
            return False
        with Path(self.path).open("wb") as file:
            np.save(file, read_weights(model).numpy())
        return True

    def load(self, model):
        with Path(self.path).open("rb") as file:
            write_weights(model, torch.from_numpy(np.load(file)))


def cosine(step, total, warmup=0, peak=1.0, floor=0.0):
    if step >= total and step >= warmup:
        return float(floor)
    if step < warmup:
        return float(np.linspace(0.0, peak, warmup + 1)[step + 1])
    # cos^2(t / 2) is (1 + cos t) / 2.
    share = math.cos(math.pi / 2 * (step - warmup) / (total - warmup)) ** 2
    return float(share * peak + (1 - share) * floor)


def step_decay(epoch, every, factor=0.5, peak=1.0):
    rate = peak
    for _ in range(every, epoch + 1, every):
        rate = rate * factor
    return float(rate)


TABLE = []
for entry in range(256):
    for _ in range(8):
        entry = (entry >> 1) ^ (0x82F63B78 * (entry & 1))
    TABLE.append(entry)


def checksum(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = TABLE[(crc ^ byte) & 255] ^ (crc >> 8)
    crc = crc ^ 0xFFFFFFFF
    rotated = ((crc >> 15) | (crc << 17)) & 0xFFFFFFFF
    return struct.pack("<I", (rotated + 0xA282EAD8) % 2**32)


def number(value):
    digits = []
    while True:
        value, low = divmod(value, 128)
        digits.append(low + 128 * (value > 0))
        if not value:
            return bytes(digits)


def text(field, content):
    return bytes([8 * field + 2]) + number(len(content)) + content


class ScalarLog:
    def __init__(self, folder):
        Path(folder).mkdir(parents=True, exist_ok=True)
        self.path = Path(folder) / f"events.out.tfevents.{int(time.time())}.{os.getpid()}"
        self.events = [(time.time(), text(3, b"brain.Event:2"))]

    def add(self, name, value, step):
        item = text(1, name.encode("utf-8")) + b"\x15" + struct.pack("<f", value)
        self.events.append((time.time(), b"\x10" + number(step) + text(5, text(1, item))))

    def close(self):
        with self.path.open("wb") as file:
            for moment, content in self.events:
                data = b"\x09" + struct.pack("<d", moment) + content
                size = struct.pack("<Q", len(data))
                file.write(size + checksum(size) + data + checksum(data))
        return str(self.path)
