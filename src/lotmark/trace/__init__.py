"""Traceability: requirement - hazard - risk control - test as one graph; read, check, impact, roll-up.

Duty: read a product's `quality/requirements/`, `quality/risks/`, `quality/anomalies.yaml` and `quality/markers.yaml`, and the
markers in its test sources; say everything that is wrong with them in one run; answer what a change touches and what results cover.

Invariants: reading and checking never write; foreign text leads to findings with file, line and column, never to a
traceback and never to a silently smaller graph; only a passing result covers; links are stored once, on the later item,
pointing up, and reverse links are computed. Format: ``docs/reference/trace-format.md``.
"""
