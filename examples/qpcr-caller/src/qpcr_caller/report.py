"""The report: the same bytes for the same plate, assay and software, in every locale and on every day (REQ-021)."""

import json
from typing import Any

from qpcr_caller import __version__
from qpcr_caller.assay import Assay
from qpcr_caller.calling import Call
from qpcr_caller.interpretation import Reaction, Result, RunResult
from qpcr_caller.plate import Plate


def format_ct(call: Call) -> str:
    """Two decimals with a point; a dash where there is none."""
    return "-" if call.ct is None else f"{call.ct:.2f}"


def report_data(run: RunResult, plate: Plate, assay: Assay) -> dict[str, Any]:
    """Everything that is reported, as plain values."""
    return {
        "software": {"name": "qpcr-caller", "version": __version__},
        "assay": {"id": assay.id, "revision": assay.revision, "name": assay.name, "sha256": assay.sha256},
        "plate": {"sha256": plate.sha256, "wells": len(plate.wells)},
        "run": {"valid": run.valid, "faults": list(run.faults)},
        "controls": [{"well": c.well.position, "sample": c.well.sample, "role": c.well.role, **_cts(c)} for c in run.controls],
        "specimens": [
            {
                "well": s.reaction.well.position,
                "sample": s.reaction.well.sample,
                "result": s.result.value,
                "reason": s.reason,
                # An invalid result has no numbers that somebody could read as one (RC-009).
                **(_cts(s.reaction) if s.result is not Result.INVALID else {"target_ct": "-", "internal_ct": "-"}),
            }
            for s in run.specimens
        ],
    }


def _cts(reaction: Reaction) -> dict[str, str]:
    return {"target_ct": format_ct(reaction.target), "internal_ct": format_ct(reaction.internal)}


def format_json(data: dict[str, Any]) -> str:
    """For the laboratory information system."""
    return json.dumps(data, indent=2, sort_keys=True) + "\n"


def format_text(data: dict[str, Any]) -> str:
    """For people: identity first, then whether the run holds, then one line per specimen with its reason."""
    assay = data["assay"]
    lines = [
        f"{data['software']['name']} {data['software']['version']}",
        f"assay  {assay['id']} revision {assay['revision']} ({assay['name']})",
        f"       sha256 {assay['sha256']}",
        f"plate  {data['plate']['wells']} wells, sha256 {data['plate']['sha256']}",
        "run    " + ("VALID" if data["run"]["valid"] else "INVALID"),
        *(f"       {fault}" for fault in data["run"]["faults"]),
        "",
        f"{'well':<6}{'sample':<22}{'result':<14}{'Ct':>7}{'IC Ct':>8}  reason",
    ]
    lines += [_line(row, f"{row['role']} control") for row in data["controls"]]
    lines += [_line(row, row["result"].upper()) + f"  {row['reason']}" for row in data["specimens"]]
    return "\n".join(lines) + "\n"


def _line(row: dict[str, str], result: str) -> str:
    return f"{row['well']:<6}{row['sample']:<22}{result:<14}{row['target_ct']:>7}{row['internal_ct']:>8}"
