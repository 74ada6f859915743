"""Licences of components: where they are found, the policy, and its exceptions."""

import json

import pytest

from fakes.supply_world import messages
from lotmark.base.findings import Severity
from lotmark.supply._classifiers import SPDX_OF_CLASSIFIER
from lotmark.supply._spdx import SpdxReader

pytestmark = pytest.mark.verifies("REQ-014", "RC-011", "HAZ-002")


OSI = "Classifier: License :: OSI Approved :: "


@pytest.mark.parametrize(
    ("headers", "expression", "source"),
    [
        (["License-Expression: mit"], "MIT", "License-Expression"),
        (["License-Expression: MIT OR GPL-3.0-only", "License: BSD"], "MIT OR GPL-3.0-only", "License-Expression"),
        ([OSI + "MIT License", "License: whatever"], "MIT", "classifiers"),
        ([OSI + "MIT License", OSI + "Apache Software License"], "MIT AND Apache-2.0", "classifiers"),
        ([OSI + "MIT License", "Classifier: License :: OSI Approved"], "MIT", "classifiers"),
        (["License: BSD-3-Clause"], "BSD-3-Clause", "License"),
        ([OSI + "BSD License", "License: BSD-3-Clause"], "BSD-3-Clause", "License"),
    ],
)
def test_the_licence_is_found_in_this_order(world, headers, expression, source):
    world.require("a", "1.0", *headers)
    report = world.examine()
    (component,) = report.components
    assert report.accepted
    assert (component.licence, component.licence_source, component.licence_verdict) == (expression, source, "allowed")


@pytest.mark.parametrize(
    ("headers", "says"),
    [
        (["Summary: none"], "is not known"),
        ([OSI + "BSD License"], "it says 'License :: OSI Approved :: BSD License'"),
        ([OSI + "BSD License", OSI + "MIT License", "License: BSD"], "it says 'BSD'"),
        (["License-Expression: Nonsense", OSI + "MIT License"], "it says 'Nonsense'"),
        (["License: Copyright (c) all", "  rights reserved"], "it says 'Copyright (c) all'"),
        (["License: UNKNOWN"], "it says 'UNKNOWN'"),
    ],
)
def test_a_licence_that_cannot_be_read_is_missing(world, headers, says):
    world.require("a", "1.0", *headers)
    report = world.examine()
    assert [finding.code for finding in report.findings] == ["LM-SUP-030"]
    assert says in report.findings[0].message
    assert (report.components[0].licence, report.components[0].licence_verdict) == ("", "missing")


def test_a_licence_that_is_not_allowed_is_refused(world):
    world.require("a", "1.0", "License-Expression: GPL-3.0-or-later AND MIT")
    report = world.examine()
    assert messages(report, "LM-SUP-031") == ["the licence of a 1.0, GPL-3.0-or-later AND MIT, is not allowed"]
    assert report.components[0].licence_verdict == "refused"


def exception(world, **more):
    entry = {"component": "a", "licence": "LGPL-3.0-only", "reason": "linked dynamically", "owner": "rene", "expires": "2027-01-31", **more}
    world.config["licences"]["exceptions"].append(entry)


@pytest.mark.parametrize("component", ["a", "A", "a@1.0", "pkg:pypi/a@1.0", "pkg:pypi/a"])
def test_an_exception_in_force_is_recorded(world, component):
    world.require("a", "1.0", "License-Expression: LGPL-3.0-only")
    exception(world, component=component)
    report = world.examine()
    assert not report.findings
    assert (report.components[0].licence, report.components[0].licence_source, report.components[0].licence_verdict) == (
        "LGPL-3.0-only",
        "exception",
        "excepted",
    )


def test_an_exception_names_the_licence_that_metadata_lacks(world):
    world.require("a", "1.0", OSI + "BSD License")
    exception(world, licence="BSD-2-Clause")
    assert world.examine().components[0].licence == "BSD-2-Clause"


def test_an_exception_may_correct_what_classifiers_say(world):
    world.require("a", "1.0", OSI + "MIT License", OSI + "GNU General Public License v3 (GPLv3)")
    exception(world, licence="MIT OR GPL-3.0-only")
    assert world.examine().components[0].licence == "MIT OR GPL-3.0-only"


def test_an_exception_for_another_licence_than_the_component_states_does_not_hold(world):
    world.require("a", "1.0", "License-Expression: AGPL-3.0-only")
    exception(world)
    assert world.codes() == ["LM-SUP-035", "LM-SUP-031"]


def test_an_exception_holds_through_its_last_day(world):
    world.require("a", "1.0", "License-Expression: LGPL-3.0-only")
    exception(world, expires="2026-11-23")
    assert world.codes() == []


def test_an_expired_exception_does_not_hold(world):
    world.require("a", "1.0", "License-Expression: LGPL-3.0-only")
    exception(world, expires="2026-11-22")
    report = world.examine()
    assert [finding.code for finding in report.findings] == ["LM-SUP-033", "LM-SUP-031"]
    assert "expired on 2026-11-22" in report.findings[0].message


def test_a_second_exception_in_force_is_found_behind_an_expired_one(world):
    world.require("a", "1.0", "License-Expression: LGPL-3.0-only")
    exception(world, expires="2026-01-01")
    exception(world)
    assert world.examine().components[0].licence_verdict == "excepted"


def test_an_exception_that_concerns_nothing_is_a_warning(world):
    world.require("a", "1.0")
    exception(world, component="a@2.0")
    report = world.examine()
    assert [(finding.code, finding.severity) for finding in report.findings] == [("LM-SUP-034", Severity.WARNING)]


def test_words_in_the_policy_must_be_spdx(world):
    world.require("a", "1.0", "License-Expression: ISC")
    world.config["licences"]["allow"] = ["MIT License", "ISC", "lgpl-3.0-only"]
    exception(world, licence="Ours")
    report = world.examine()
    assert [finding.code for finding in report.findings] == ["LM-SUP-032", "LM-SUP-032"]
    assert report.allowed_licences == ("ISC", "LGPL-3.0-only")


def test_a_day_that_does_not_exist_never_holds(world):
    world.require("a", "1.0", "License-Expression: LGPL-3.0-only")
    exception(world, expires="2026-13-01")
    assert world.codes() == ["LM-SUP-012", "LM-SUP-031"]


def test_the_places_of_policy_findings_come_from_the_declaration(world):
    from lotmark.base.findings import Location

    world.require("a", "1.0")
    world.config["licences"]["allow"] = ["MIT", "Nonsense"]
    (finding,) = world.examine(where=lambda path=(): Location("lotmark.yaml", 7) if path == ("licences", "allow", 1) else Location("lotmark.yaml")).findings
    assert str(finding.location) == "lotmark.yaml:7"


@pytest.mark.parametrize(
    ("licence", "verdict"), [("MIT", "allowed"), ("(MIT OR WTFPL)", "allowed"), ("GPL-3.0", "refused"), ("SEE LICENSE IN X", "missing"), (None, "missing")]
)
def test_npm_licences_come_from_the_lock(world, licence, verdict):
    package = {"version": "1.0.0", "resolved": "https://r/a.tgz", "integrity": "sha512-" + "A" * 86 + "==", "license": licence}
    world.lock("package-lock.json", json.dumps({"lockfileVersion": 3, "packages": {"": {}, "node_modules/a": package}}))
    (component,) = world.examine(python=None).components
    assert component.licence_verdict == verdict
    assert component.licence_source == ("" if verdict == "missing" else "lock")


def test_every_classifier_maps_to_spdx():
    reader = SpdxReader()
    assert all(reader.find_expression(value) == value for value in SPDX_OF_CLASSIFIER.values())
