"""The assay's numbers as they were approved. A change here is a change of the medical decision."""

import dataclasses

import pytest
from qpcr_caller.assay import PERTUSSIS

APPROVED = "e3b82a2807ba47a2a98bd7ba1c715ae02b94a0ac168ea51842ff8f3d1ea15c1d"


@pytest.mark.verifies("REQ-022", "RC-007")
def test_assay_is_the_approved_revision() -> None:
    assert (PERTUSSIS.revision, PERTUSSIS.sha256) == (3, APPROVED)


@pytest.mark.verifies("REQ-022", "RC-007")
def test_assay_cannot_be_changed_while_running() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        PERTUSSIS.late_ct = 45.0


@pytest.mark.verifies("REQ-020", "RC-013")
def test_digest_covers_every_setting() -> None:
    digests = {PERTUSSIS.sha256}
    for field in dataclasses.fields(PERTUSSIS):
        value = getattr(PERTUSSIS, field.name)
        other = dataclasses.replace(value, threshold=1.0) if dataclasses.is_dataclass(value) else f"{value}!"
        digests.add(dataclasses.replace(PERTUSSIS, **{field.name: other}).sha256)
    assert len(digests) == 1 + len(dataclasses.fields(PERTUSSIS))
