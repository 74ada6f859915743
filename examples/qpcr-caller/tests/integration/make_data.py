"""Makes data/*.csv, the plates of the integration tests. Drawn once with a fixed seed and then kept as recorded.

`python make_data.py` from this folder, with ``tests`` on PYTHONPATH.
"""

from pathlib import Path
from random import Random

from support.curves import CYCLES, INTERNAL_THRESHOLD, draw, plate_csv

random = Random(20260105)
NOISE = 3.0


def target(ct: float | None, **kind: float) -> tuple[float, ...]:
    return draw(ct, slope=1.5, noise=NOISE, random=random, **kind)


def internal(ct: float | None = 29.0) -> tuple[float, ...]:
    return draw(ct, amplitude=2000.0, threshold=INTERNAL_THRESHOLD, level=700.0, slope=1.0, noise=NOISE, random=random)


def with_jump(curve: tuple[float, ...], cycle: int, height: float) -> tuple[float, ...]:
    return tuple(value + (height if c >= cycle else 0.0) for c, value in enumerate(curve, 1))


def routine() -> dict:
    """One of each kind of specimen that a laboratory sees."""
    assert CYCLES == 45
    return {
        "A01": ("PTC", "ptc", {"FAM": target(27.1), "HEX": internal()}),
        "A02": ("NTC", "ntc", {"FAM": target(None), "HEX": internal(28.7)}),
        "B01": ("S-1001", "sample", {"FAM": target(22.4), "HEX": internal(29.3)}),
        "B02": ("S-1002", "sample", {"FAM": target(None), "HEX": internal(28.9)}),
        "B03": ("S-1003", "sample", {"FAM": target(14.2, amplitude=5200.0), "HEX": internal(None)}),
        "B04": ("S-1004", "sample", {"FAM": target(9.6, amplitude=4800.0), "HEX": internal(None)}),
        "B05": ("S-1005", "sample", {"FAM": target(None), "HEX": internal(None)}),
        "B06": ("S-1006", "sample", {"FAM": target(39.4), "HEX": internal(29.1)}),
        "B07": ("S-1007", "sample", {"FAM": with_jump(target(None), 24, 1800.0), "HEX": internal(29.0)}),
        "B08": ("S-1008", "sample", {"FAM": target(34.9), "HEX": internal(None)}),
        "B09": ("S-1009", "sample", {"FAM": target(36.8, growth=1.85), "HEX": internal(29.6)}),
        "B10": ("S-1010", "sample", {"FAM": tuple(min(v * 20, 60000.0) for v in target(18.0)), "HEX": internal(29.2)}),
        "B11": ("S-1011", "sample", {"FAM": target(None), "HEX": internal(36.2)}),
        "B12": ("S-1012", "sample", {"FAM": target(31.0), "HEX": internal(33.1)}),
    }


if __name__ == "__main__":
    data = Path(__file__).parent / "data"
    plate = routine()
    (data / "routine.csv").write_text(plate_csv(plate), encoding="utf-8")
    few = {position: plate[position] for position in ("A01", "B01", "B02")}
    contaminated = {**few, "A02": ("NTC", "ntc", {"FAM": target(35.5), "HEX": internal()})}
    (data / "contaminated.csv").write_text(plate_csv(contaminated), encoding="utf-8")
    weak = {**few, "A01": ("PTC", "ptc", {"FAM": target(32.8), "HEX": internal()}), "A02": plate["A02"]}
    (data / "weak-control.csv").write_text(plate_csv(weak), encoding="utf-8")
