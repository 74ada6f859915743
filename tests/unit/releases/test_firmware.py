"""Firmware out of its carriers: Intel HEX and DFU, every checksum held, and the device's attributes from the bytes inside."""

import random
import struct
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lotmark.base.digest import Digest
from lotmark.base.errors import RefusedError
from lotmark.product.models import DeviceSection, FirmwareChecksum
from lotmark.releases._candidate import read_artifact_version
from lotmark.releases._firmware import read_image
from lotmark.releases.api import describe_device
from lotmark.releases.models import ArtifactFile

pytestmark = pytest.mark.verifies("REQ-604", "RC-007", "HAZ-004")


def record(kind: int, address: int, content: bytes) -> str:
    raw = bytes([len(content), address >> 8, address & 0xFF, kind]) + content
    return f":{(raw + bytes([-sum(raw) & 0xFF])).hex().upper()}"


END = record(1, 0, b"")


def make_hex(data: bytes, base: int = 0x08000000, width: int = 16) -> bytes:
    lines, high = [], None
    for at in range(0, len(data), width):
        place = base + at
        if place >> 16 != high:
            high = place >> 16
            lines.append(record(4, 0, high.to_bytes(2, "big")))
        lines.append(record(0, place & 0xFFFF, data[at : at + width]))
    return "\r\n".join([*lines, END, ""]).encode()


def make_dfu(data: bytes, length: int = 16, signature: bytes = b"UFD") -> bytes:
    body = data + b"x" * (length - 16) + struct.pack("<HHHH3sB", 0xFFFF, 0xDF11, 0x0483, 0x0100, signature, length)
    return body + struct.pack("<I", zlib.crc32(body) ^ 0xFFFFFFFF)


@given(st.binary(min_size=1, max_size=200), st.integers(0, 0xFFFF).map(lambda high: high << 16), st.sampled_from([1, 7, 16, 32]))
def test_a_hex_file_gives_the_bytes_that_were_put_in(data: bytes, base: int, width: int) -> None:
    assert read_image(make_hex(data, base, width), "hex") == data


@given(st.binary(max_size=100), st.integers(16, 40))
def test_a_dfu_file_gives_the_bytes_before_its_suffix(data: bytes, length: int) -> None:
    assert read_image(make_dfu(data, length), "dfu") == data


@given(st.binary(max_size=100))
def test_raw_bytes_are_their_own_image(data: bytes) -> None:
    assert read_image(data, "raw") is data


def hex_of(*lines: str) -> bytes:
    return "\n".join(lines).encode()


@pytest.mark.parametrize(
    ("data", "image"),
    [
        (hex_of(record(0, 0, b"ab"), record(0, 4, b"cd"), END), b"ab\xff\xffcd"),
        (hex_of(record(0, 4, b"cd"), record(0, 0, b"ab"), END), b"ab\xff\xffcd"),
        (hex_of(record(2, 0, b"\x10\x00"), record(0, 0, b"a"), record(2, 0, b"\x10\x01"), record(0, 0, b"b"), END), b"a" + b"\xff" * 15 + b"b"),
        (hex_of(record(3, 0, bytes(4)), record(5, 0, bytes(4)), record(0, 9, b"a"), "", END), b"a"),
        (hex_of(record(0, 0, b"ab").lower(), END.lower()), b"ab"),
        (hex_of(":0300300002337A1E", ":00000001FF"), b"\x02\x33\x7a"),
    ],
    ids=["a gap is erased flash", "any order", "segments", "start addresses and empty lines", "small letters", "Intel's example"],
)
def test_records_are_put_where_they_say(data: bytes, image: bytes) -> None:
    assert read_image(data, "hex") == image


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "end record is missing"),
        (hex_of(END), "no data"),
        (hex_of(record(0, 0, b"a")), "the file is cut"),
        (hex_of(record(0, 0, b"a"), END, record(0, 1, b"b")), "line 3 follows"),
        (hex_of(":0300300002337A1F", END), "checksum of line 1"),
        (hex_of("0300300002337A1E", END), "line 1 is no"),
        (hex_of(":03", END), "line 1 is no"),
        (hex_of(":0300300002337A1", END), "line 1 is no"),
        (hex_of(":0300300002337A1G", END), "not hexadecimal"),
        (hex_of(":0400300002337A1D", END), "says 4"),
        (hex_of(record(6, 0, b"a"), END), "unknown type"),
        (hex_of(record(4, 0, b"a"), END), "unknown type or length"),
        (hex_of(record(1, 0, b"a")), "unknown type or length"),
        (hex_of(record(0, 0, b"ab"), record(0, 0, b"cd"), END), "a second time"),
        (hex_of(record(0, 0, b"abc"), record(0, 2, b"de"), END), "two records program"),
        (hex_of(record(0, 0xFFFF, b"ab"), END), "crosses"),
        (hex_of(record(0, 0, b"a"), record(4, 0, b"\xff\xff"), record(0, 0, b"b"), END), "more than"),
        (b"\x7fELF" + bytes(60), "line 1"),
    ],
)
def test_a_hex_file_that_cannot_be_relied_on_is_refused(data: bytes, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        read_image(data, "hex")


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "too short"),
        (b"x" * 15, "too short"),
        (b"x" * 64, "no DFU suffix"),
        (make_dfu(b"fw", signature=b"DFU"), "no DFU suffix"),
        (make_dfu(b"fw")[:-1] + b"\0", "checksum"),
        (b"y" + make_dfu(b"fw")[1:], "checksum"),
        (make_dfu(b"fw") + b"\0", "no DFU suffix"),
        (make_dfu(b"")[:11] + bytes([99]) + make_dfu(b"")[12:], "says 99"),
        (make_dfu(b"")[:11] + bytes([3]) + make_dfu(b"")[12:], "says 3"),
    ],
)
def test_a_dfu_file_that_cannot_be_relied_on_is_refused(data: bytes, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        read_image(data, "dfu")


@given(st.binary(min_size=1, max_size=60), st.integers(0, 10_000), st.integers(1, 255))
def test_one_changed_byte_of_a_carrier_is_never_another_image(data: bytes, at: int, change: int) -> None:
    for form, carrier in (("hex", make_hex(data)), ("dfu", make_dfu(data))):
        changed = bytearray(carrier)
        changed[at % len(carrier)] ^= change
        try:
            assert read_image(bytes(changed), form) == data  # type: ignore[arg-type]
        except ValueError:
            continue


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_else(data: bytes) -> None:
    for form in ("hex", "dfu"):
        try:
            read_image(data, form)  # type: ignore[arg-type]
        except ValueError:
            continue


# ---------------------------------------------------------------- the attributes of a device

IMAGE = b"\x00boot" + random.Random(7).randbytes(300) + b"fw-version=1.2.3;" + bytes(20)
CARRIERS = {"raw": IMAGE, "hex": make_hex(IMAGE), "dfu": make_dfu(IMAGE)}


def artifact(folder: Path, data: bytes) -> ArtifactFile:
    path = folder / "fw"
    path.write_bytes(data)
    return ArtifactFile("fw", path, len(data), Digest.of(data))


def device(form: str, **options: object) -> DeviceSection:
    return DeviceSection(models=["P-1"], format=form, version_pattern="fw-version=([0-9.]+);", **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("form", CARRIERS)
@pytest.mark.parametrize(("start", "end"), [(0, None), (4, 100), (0, len(IMAGE))])
def test_checksum_and_version_are_those_of_the_image_whatever_carries_it(tmp_path: Path, form: str, start: int, end: int | None) -> None:
    part = IMAGE[start:end]
    for algorithm, value in (("crc32", f"{zlib.crc32(part):08x}"), ("sha256", Digest.of(part).hex)):
        declared = device(form, firmware_checksum=FirmwareChecksum(algorithm=algorithm, start=start, end=end))  # type: ignore[arg-type]
        told = describe_device(artifact(tmp_path, CARRIERS[form]), declared, tmp_path)
        assert told.firmware_checksum == (algorithm, value, start, len(IMAGE) if end is None else end)
        assert told.reported_version == "1.2.3"


@pytest.mark.parametrize(("form", "data"), [("hex", IMAGE), ("dfu", IMAGE), ("hex", make_hex(IMAGE)[:-30]), ("dfu", make_dfu(IMAGE)[:-1])])
def test_a_carrier_that_is_none_is_refused_with_its_place(tmp_path: Path, form: str, data: bytes) -> None:
    with pytest.raises(RefusedError) as caught:
        describe_device(artifact(tmp_path, data), device(form, firmware_checksum=FirmwareChecksum(algorithm="crc32")), tmp_path)
    assert (caught.value.code, caught.value.where) == ("LM-REL-003", "fw")
    assert "package.device.format" in (caught.value.solution or "")
    with pytest.raises(RefusedError):
        read_artifact_version(artifact(tmp_path, data), device(form))


def test_a_range_beyond_the_image_is_refused_though_the_carrier_is_longer(tmp_path: Path) -> None:
    declared = device("hex", firmware_checksum=FirmwareChecksum(algorithm="crc32", end=len(IMAGE) + 1))
    with pytest.raises(RefusedError, match="does not lie in the artifact"):
        describe_device(artifact(tmp_path, CARRIERS["hex"]), declared, tmp_path)


def test_without_a_device_the_pattern_is_searched_in_the_file(tmp_path: Path) -> None:
    assert read_artifact_version(artifact(tmp_path, IMAGE), None, "fw-version=([0-9.]+);") == "1.2.3"
