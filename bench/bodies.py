"""The bytes that are uploaded and watched: made on the spot, and not compressible."""

from pathlib import Path
from typing import BinaryIO

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from bench.figures import MIB
from console.demo import footage


def noise(path: Path, length: int) -> Path:
    """A file of `length` bytes that no store can make smaller. It is no video: the door does not look inside
    while bytes come in."""
    with path.open("wb") as file:
        _fill(file, length)
    return path


def video(path: Path, length: int) -> Path:
    """A valid MP4 of exactly `length` bytes: twenty seconds of picture, then padding.

    The padding is one `free` box (ISO/IEC 14496-12, 8.1.2) with a 64-bit size, which players skip; so it is
    kept like any footage, without an hour of encoding.
    """
    [made] = footage.make(path.parent)
    made.rename(path)
    padding = length - path.stat().st_size
    with path.open("ab") as file:
        file.write((1).to_bytes(4, "big") + b"free" + padding.to_bytes(8, "big"))
        _fill(file, padding - 16)
    return path


def _fill(file: BinaryIO, length: int) -> None:
    """Write `length` bytes of a cipher's key stream: as random as footage is, and quickly made."""
    stream = Cipher(algorithms.AES256(bytes(32)), modes.CTR(bytes(16))).encryptor()
    for at in range(0, length, MIB):
        file.write(stream.update(bytes(min(MIB, length - at))))
