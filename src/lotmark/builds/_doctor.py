"""What this machine lacks for sealed and varied builds, each with the exact cure."""

import os
import shutil

from lotmark.base.findings import Finding, Severity
from lotmark.builds._bwrap import BwrapSandbox
from lotmark.builds._conditions import find_faketime, find_locale
from lotmark.builds._sandbox import make_sandbox
from lotmark.builds.models import Capabilities


def probe(backend: str, image: str) -> Capabilities:
    """What the backend can do here."""
    return make_sandbox(backend, image).probe()


def check_environment() -> tuple[Finding, ...]:
    """Everything that is missing, most important first; empty if nothing is."""
    findings: list[Finding] = []
    if shutil.which("git") is None:
        findings.append(Finding("LM-BLD-009", "git is not installed", help="sudo apt-get install git"))
    capabilities = BwrapSandbox().probe()
    if not capabilities.available:
        findings.append(Finding("LM-BLD-001", f"commands cannot be run sealed off: {capabilities.reason}", help=capabilities.solution))
    if not find_faketime():
        findings.append(
            Finding(
                "LM-BLD-024",
                "libfaketime is not installed: the clock of the second build is not varied",
                Severity.WARNING,
                help="sudo apt-get install faketime",
            )
        )
    if len(os.sched_getaffinity(0)) < 2:
        findings.append(
            Finding(
                "LM-BLD-021", "there is one processor: their number is not varied", Severity.INFO, subject="cpus", help="build on a machine with two or more"
            )
        )
    if find_locale() == "C":
        findings.append(
            Finding(
                "LM-BLD-027",
                "no locale that sorts otherwise is installed: the second build varies the encoding alone",
                Severity.INFO,
                help="sudo apt-get install locales && sudo sed -i 's/^# *et_EE.UTF-8/et_EE.UTF-8/' /etc/locale.gen && sudo locale-gen",
            )
        )
    return tuple(findings)
