"""What a device holds, read out of the file that carries it: Intel HEX and DFU files. Pure.

Checksums and versions are a device's own, so they count in the bytes that it is programmed with, not in their carrier.
Every checksum of the carrier is verified on the way. Sources: Intel, *Hexadecimal Object File Format Specification*
(1988); USB *Device Firmware Upgrade Specification* 1.1, appendix B.
"""

import struct
import zlib
from typing import Final, Literal

FirmwareFormat = Literal["raw", "hex", "dfu"]
ERASED: Final = 0xFF
"""What flash holds where nothing was programmed."""
_MAX_IMAGE = 64 * 2**20
_DATA, _END, _SEGMENT, _START_SEGMENT, _LINEAR, _START_LINEAR = range(6)
_LENGTHS = {_END: 0, _SEGMENT: 2, _START_SEGMENT: 4, _LINEAR: 2, _START_LINEAR: 4}
_SUFFIX = struct.Struct("<HHHH3sBI")


def read_image(data: bytes, form: FirmwareFormat) -> bytes:
    """The bytes that the device is programmed with, from the lowest address on, gaps as erased flash.

    Raises:
        ValueError: if the file is not of that form, a checksum is wrong, or two records disagree.
    """
    match form:
        case "hex":
            return _read_hex(data)
        case "dfu":
            return _read_dfu(data)
        case _:
            return data


def _read_hex(data: bytes) -> bytes:
    pieces: dict[int, bytes] = {}
    base, ended = 0, False
    for number, line in enumerate(data.split(b"\n"), 1):
        record = line.strip()
        if not record:
            continue
        if ended:
            raise ValueError(f"line {number} follows the end record")
        kind, address, content = _record(record, number)
        if kind == _DATA:
            if address + len(content) > 0x10000 and content:
                raise ValueError(f"line {number} crosses the end of its segment")
            pieces[base + address] = _once(pieces, base + address, content, number)
        elif kind == _END:
            ended = True
        elif kind in (_SEGMENT, _LINEAR):
            base = int.from_bytes(content, "big") << (4 if kind == _SEGMENT else 16)
    if not ended:
        raise ValueError("the end record is missing: the file is cut")
    return _join(pieces)


def _record(record: bytes, number: int) -> tuple[int, int, bytes]:
    """Type, address and data of a record whose length and checksum hold."""
    if record[:1] != b":" or len(record) < 11 or len(record) % 2 == 0:
        raise ValueError(f"line {number} is no Intel HEX record")
    try:
        raw = bytes.fromhex(record[1:].decode("ascii"))
    except ValueError:
        raise ValueError(f"line {number} is not hexadecimal") from None
    if len(raw) != raw[0] + 5:
        raise ValueError(f"line {number} is {len(raw) - 5} bytes long and says {raw[0]}")
    if sum(raw) & 0xFF:
        raise ValueError(f"the checksum of line {number} is wrong")
    kind = raw[3]
    if kind > _START_LINEAR or _LENGTHS.get(kind, raw[0]) != raw[0]:
        raise ValueError(f"line {number} is of an unknown type or length")
    return kind, int.from_bytes(raw[1:3], "big"), raw[4:-1]


def _once(pieces: dict[int, bytes], place: int, content: bytes, number: int) -> bytes:
    if place in pieces:
        raise ValueError(f"line {number} programs the address {place:#x} a second time")
    return content


def _join(pieces: dict[int, bytes]) -> bytes:
    """The pieces in order of address; overlaps are refused, for which of the two counts depends on the programmer."""
    if not pieces:
        raise ValueError("it holds no data")
    first = min(pieces)
    size = max(place + len(content) for place, content in pieces.items()) - first
    if size > _MAX_IMAGE:
        raise ValueError(f"the image would be {size} bytes long, more than {_MAX_IMAGE}")
    image = bytearray([ERASED]) * size
    last = first
    for place, content in sorted(pieces.items()):
        if place < last:
            raise ValueError(f"two records program the address {place:#x}")
        last = place + len(content)
        image[place - first : last - first] = content
    return bytes(image)


def _read_dfu(data: bytes) -> bytes:
    if len(data) < _SUFFIX.size:
        raise ValueError("it is too short for a DFU suffix")
    *_, signature, length, crc = _SUFFIX.unpack(data[-_SUFFIX.size :])
    if signature != b"UFD":
        raise ValueError("it has no DFU suffix")
    if not _SUFFIX.size <= length <= len(data):
        raise ValueError(f"its DFU suffix says {length} bytes")
    if crc != zlib.crc32(data[:-4]) ^ 0xFFFFFFFF:
        raise ValueError("the checksum of its DFU suffix is wrong")
    return data[:-length]
