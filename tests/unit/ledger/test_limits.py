"""How large an envelope may be."""

import pytest

from fakes.ledger import MemoryLedger, note
from lotmark.base.errors import UsageError
from lotmark.ledger import _prepared

pytestmark = pytest.mark.verifies("REQ-006", "RC-004")


@pytest.mark.attack("P03")
@pytest.mark.parametrize(("spare", "holds"), [(0, True), (-1, False)])
def test_p03_an_envelope_beyond_the_limit_is_not_recorded(monkeypatch, spare, holds):
    submission = note("large")
    monkeypatch.setattr(_prepared, "MAX_ENVELOPE", len(submission.envelope.raw) + spare)
    with MemoryLedger() as ledger:
        if holds:
            ledger.append([submission])
        else:
            with pytest.raises(UsageError) as caught:
                ledger.append([submission])
            assert caught.value.code == "LM-LED-007"
        assert ledger.size == int(holds)
