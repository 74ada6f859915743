"""Makes curves.csv: amplification curves whose Ct is known exactly, by a method that shares nothing with the product.

A logistic of amplitude A and growth g crosses the threshold T at Ct if its midpoint is Ct + ln(A/T - 1) / ln(g). All
arithmetic is decimal with 40 digits, so the file has the same bytes on every machine. Readings are rounded to 0.001 RFU
as an instrument writes them. `python make_reference.py > curves.csv`
"""

import sys
from decimal import Decimal, getcontext
from itertools import product

getcontext().prec = 40

CYCLES = 45
THRESHOLD = Decimal(150)
CTS = ("8.25", "10.50", "13.75", "16.40", "19.05", "22.30", "25.60", "28.85", "31.10", "34.45", "36.70", "37.60")
GROWTHS = ("1.75", "1.90", "2.00", "2.15")
AMPLITUDES = ("900", "3200", "9000")
LEVELS_AND_SLOPES = (("1000", "0"), ("640", "1.5"), ("2100", "-2"))


def draw(ct: Decimal, growth: Decimal, amplitude: Decimal, level: Decimal, slope: Decimal) -> list[Decimal]:
    width = 1 / growth.ln()
    midpoint = ct + width * (amplitude / THRESHOLD - 1).ln()
    curve = (level + slope * c + amplitude / (1 + ((midpoint - c) / width).exp()) for c in range(1, CYCLES + 1))
    return [value.quantize(Decimal("0.001")) for value in curve]


def main() -> None:
    sys.stdout.write("curve,ct,growth,amplitude,level,slope," + ",".join(f"c{c}" for c in range(1, CYCLES + 1)) + "\n")
    for number, (ct, growth, amplitude) in enumerate(product(CTS, GROWTHS, AMPLITUDES), 1):
        level, slope = LEVELS_AND_SLOPES[number % 3]
        readings = draw(Decimal(ct), Decimal(growth), Decimal(amplitude), Decimal(level), Decimal(slope))
        sys.stdout.write(",".join([f"R{number:03}", ct, growth, amplitude, level, slope, *map(str, readings)]) + "\n")


if __name__ == "__main__":
    main()
