"""The tiny product grown up: workers, a test that is expensive, one whose result may be reused, one in quarantine, one that the network breaks."""

from datetime import UTC, datetime, timedelta

from fakes.tiny_product import FILES, TinyProduct

LONG = "tests/validation/tests.sh::test_thousand_greetings"
BUILT = "tests/integration/tests.sh::test_built"
SERVER = "tests/integration/tests.sh::test_server"
FLAKY = "tests/unit/tests.sh::test_flaky"


def last_day() -> str:
    """Ten days from now."""
    return (datetime.now(UTC) + timedelta(days=10)).date().isoformat()


_MATRIX = """\
matrix: 1
categories:
  - {id: unit, title: Unit, owner: dana, layer: unit, gating: blocking, environment: sandbox}
  - {id: integration, title: Integration, owner: dana, layer: integration, gating: waivable, environment: sandbox, tests: ["tests/integration/tests.sh::test_built"]}
  - {id: network, title: With the greeting server, owner: omar, layer: integration, gating: waivable, environment: hospital network, tests: ["tests/integration/tests.sh::test_server"]}
  - {id: validation, title: Validation, owner: quinn, layer: validation, gating: blocking, environment: sandbox}
requires:
  - {of: requirement, categories: [unit]}
  - {of: risk-control, categories: [validation]}
  - {of: hazard, categories: [validation]}
overrides:
  - {items: [REQ-002], categories: [unit, integration, network], reason: It speaks of the built file and of the server.}
triggers:
  - {paths: [src/greeting/**], items: [RC-001], categories: [validation, integration], reason: The greeting changed.}
expensive:
  - {tests: ["tests/validation/tests.sh::test_thousand_greetings"], minutes: 90, reason: a thousand greetings take their time}
quarantine:
  - {tests: ["tests/unit/tests.sh::test_flaky"], reason: the clock of the simulator drifts, owner: dana, expires: "%s"}
environment-failures:
  - {cause: network, patterns: ["connection refused*greeting"], owner: omar}
reuse:
  - {categories: [integration], reason: The very same file was tested., max-days: 14}
waivers: {max-days: 90, roles: [quality-owner]}
"""


def grow(tiny: TinyProduct) -> None:
    """More tests, and rules about them; not committed."""
    tiny.write({"quality/matrix.yaml": _MATRIX % last_day()})
    tiny.edit("lotmark.yaml", "results: [results/unit.xml]", "results: [results/unit.xml]\n    selection: selection.txt\n    shards: 2")
    for layer in ("integration", "validation"):
        tiny.edit("lotmark.yaml", f"results: [results/{layer}.xml]", f"results: [results/{layer}.xml]\n    selection: selection.txt")
    tiny.edit(
        "tests/run.sh",
        "for name in $names; do\n    echo",
        'for name in $names; do\n    grep -qxF "tests/$layer/tests.sh::$name" selection.txt || continue\n    echo',
    )
    tiny.edit("tests/run.sh", "message='it does not hold'", "message='${why:-it does not hold}'")
    more = {
        "unit": "\n# @verifies REQ-001\ntest_flaky() {\n  false\n}\n",
        "integration": "\n# @verifies REQ-002\ntest_server() {\n  why='curl: connection refused by greeting.example.org'\n  false\n}\n",
        "validation": "\n# @verifies HAZ-001\ntest_thousand_greetings() {\n  true\n}\n",
    }
    tiny.write({f"tests/{layer}/tests.sh": FILES[f"tests/{layer}/tests.sh"] + text for layer, text in more.items()})
