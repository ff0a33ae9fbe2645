"""Early stopping, plateaus, checkpoints, schedules and scalar logs, in PyTorch."""

import copy
import math
import struct
import time
from pathlib import Path

import torch


class Progress:
    """The best value so far, and how many values in a row have not improved it."""

    def __init__(self, patience=3, min_delta=0.0, mode="min"):
        if mode not in ("min", "max") or patience < 1:
            raise ValueError(f"{mode!r} is neither min nor max, or patience {patience} is below 1")
        self.sign, self.min_delta, self.patience = 1 if mode == "min" else -1, min_delta, patience
        self.best, self.waited = None, 0

    def improves(self, value):
        first = self.best is None and not math.isnan(value)
        if first or (self.best is not None and self.sign * (self.best - value) > self.min_delta):
            self.best, self.waited = value, 0
            return True
        self.waited += 1
        return False


class EarlyStopping(Progress):
    def __init__(self, patience=3, min_delta=0.0, mode="min"):
        super().__init__(patience, min_delta, mode)

    def step(self, value, model=None):
        if self.improves(value) and model is not None:
            self.weights = copy.deepcopy(model.state_dict())
        return self.waited >= self.patience

    def restore(self, model):
        model.load_state_dict(self.weights)


class ReduceOnPlateau(Progress):
    def __init__(self, lr, factor=0.5, patience=2, min_delta=0.0, min_lr=0.0, mode="min"):
        super().__init__(patience, min_delta, mode)
        self.lr, self.factor, self.min_lr = lr, factor, min_lr

    def step(self, value):
        self.improves(value)
        if self.waited >= self.patience:
            self.lr, self.waited = max(self.lr * self.factor, self.min_lr), 0
        return self.lr


class Checkpoint(Progress):
    def __init__(self, path, mode="min"):
        super().__init__(mode=mode)
        self.path = path

    def step(self, value, model):
        improved = self.improves(value)
        if improved:
            torch.save(model.state_dict(), self.path)
        return improved

    def load(self, model):
        model.load_state_dict(torch.load(self.path, weights_only=True))


def cosine(step, total, warmup=0, peak=1.0, floor=0.0):
    if step < warmup:
        return peak * (step + 1) / warmup
    if step >= total:
        return floor
    done = (step - warmup) / (total - warmup)  # 0 to 1
    return floor + (peak - floor) * (1 + math.cos(math.pi * done)) / 2


def step_decay(epoch, every, factor=0.5, peak=1.0):
    return peak * factor ** (epoch // every)


def masked_crc(data):
    """CRC-32C, masked: it is stored beside the data of which it is the CRC."""
    crc = 0xFFFFFFFF
    for bit in (byte >> i & 1 for byte in data for i in range(8)):
        crc = crc >> 1 ^ (0x82F63B78 if (crc ^ bit) & 1 else 0)
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def varint(number):
    """Seven bits a byte, lowest first; the high bit says that more follow."""
    return bytes([number]) if number < 128 else bytes([number & 127 | 128]) + varint(number >> 7)


def message(field, content):
    return varint(field << 3 | 2) + varint(len(content)) + content


class ScalarLog:
    def __init__(self, folder):
        Path(folder).mkdir(parents=True, exist_ok=True)
        self.path = Path(folder, f"events.out.tfevents.{time.time_ns()}.log")
        self.file = self.path.open("wb")
        self.write(message(3, b"brain.Event:2"))

    def write(self, content):
        event = struct.pack("<Bd", 1 << 3 | 1, time.time()) + content
        for part in (struct.pack("<Q", len(event)), event):
            self.file.write(part + struct.pack("<I", masked_crc(part)))

    def add(self, name, value, step):
        scalar = message(1, name.encode()) + struct.pack("<Bf", 2 << 3 | 5, value)
        self.write(varint(2 << 3) + varint(step) + message(5, message(1, scalar)))

    def close(self):
        self.file.close()
        return str(self.path)
