"""The published schema of an item's front matter says what the reader says."""

import jsonschema
import pytest

from lotmark.trace._policy import DEFAULT_POLICY
from lotmark.trace._schemas import item_schema

pytestmark = pytest.mark.verifies("REQ-008", "REQ-026")

SCHEMA = item_schema(DEFAULT_POLICY)
HAZARD = {
    "id": "HAZ-001",
    "type": "hazard",
    "title": "A hazard",
    "status": "approved",
    "hazardous-situation": "One",
    "harm": "Another",
    "before": {"severity": "critical", "probability": "remote"},
    "after": {"severity": "critical", "probability": "improbable"},
    "residual-risk": {"acceptable": "true", "rationale": "Because"},
}
GOOD = {
    "a software requirement": {"id": "REQ-001", "type": "software-requirement", "title": "t", "status": "approved", "derives": ["UN-001"], "safety-class": "B"},
    "a plain requirement": {"id": "REQ-001", "type": "requirement", "title": "t", "status": "draft"},
    "a hazard": HAZARD,
    "a risk control": {"id": "RC-001", "type": "risk-control", "title": "t", "status": "approved", "kind": "inherent", "mitigates": ["HAZ-001"]},
    "a user need": {"id": "UN-001", "type": "user-need", "title": "t", "status": "proposed"},
}
BAD = {
    "an unknown key": GOOD["a user need"] | {"colour": "red"},
    "no title": {"id": "UN-001", "type": "user-need", "status": "draft"},
    "an unknown type": {"id": "X-1", "type": "wish", "title": "t", "status": "draft"},
    "an unknown state": GOOD["a user need"] | {"status": "finished"},
    "a hazardous situation without harm": {key: value for key, value in HAZARD.items() if key not in {"harm", "hazardous-situation"}}
    | {"type": "hazardous-situation"},
    "a control of unknown kind": GOOD["a risk control"] | {"kind": "magic"},
    "a link that the type may not carry": GOOD["a user need"] | {"mitigates": ["HAZ-001"]},
    "a link that is no list": GOOD["a risk control"] | {"mitigates": "HAZ-001"},
    "a link twice": GOOD["a risk control"] | {"mitigates": ["HAZ-001", "HAZ-001"]},
}


@pytest.mark.parametrize("case", GOOD)
def test_what_the_reader_takes_fits(case):
    jsonschema.validate(GOOD[case], SCHEMA)


@pytest.mark.parametrize("case", BAD)
def test_what_the_reader_refuses_does_not_fit(case):
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(BAD[case], SCHEMA)
