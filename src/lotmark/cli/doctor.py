"""`lotmark doctor`: what this machine lacks, each with the command that cures it."""

from contextlib import suppress

import click

from lotmark.base.errors import ExitCode, LotmarkError
from lotmark.base.findings import Finding, Severity, has_errors
from lotmark.cli._output import Output, format_finding


@click.command(name="doctor")
@click.option("--self-test", is_flag=True, help="Also build a deliberately leaky project: each varied dimension must be caught.")
@click.pass_obj
def command(output: Output, self_test: bool) -> int:
    """Look for everything that Lotmark needs here; exits 4 if something is missing."""
    import tempfile
    from pathlib import Path

    from lotmark.base.clock import SystemClock
    from lotmark.builds import api as builds
    from lotmark.integrations.api import check_services

    findings = [*builds.check_environment(), *check_services(_settings(output)), *_check_roots(output), *_check_witnesses(output)]
    lines, results = [], []
    if self_test and not has_errors(findings):
        with tempfile.TemporaryDirectory(prefix="lotmark-doctor-") as work:
            results = list(builds.self_test(Path(work), SystemClock()))
        for result in results:
            word = "caught" if result.caught else "MISSED" if result.varied else "not varied"
            lines.append(f"{'✓' if result.caught else '✗' if result.varied else '-'} {result.dimension.value}: {word}")
            if result.varied and not result.caught:
                findings.append(
                    Finding(
                        "LM-CLI-022",
                        f"the self-test did not catch a leak of {result.dimension.value}",
                        help="do not trust rebuild verdicts of this machine; report it",
                    )
                )
    wire = {
        "findings": [finding.to_wire() for finding in findings],
        "selfTest": [{"dimension": result.dimension.value, "varied": result.varied, "caught": result.caught} for result in results],
    }
    lines += [format_finding(finding.to_wire()) for finding in findings]
    broken = has_errors(findings)
    lines.append("✗ something is missing" if broken else "✓ this machine can make and judge a release")
    output.result("doctor", wire, "\n".join(lines))
    return int(ExitCode.ENVIRONMENT if broken else ExitCode.ACCEPTED)


def _check_roots(output: Output) -> list[Finding]:
    """A warning if the ledger here hangs on one root person: lost, nobody can change keys; stolen, the thief can."""
    try:
        workspace = output.workspace()
        if not (workspace.state / "trust.json").is_file():
            return []
        trust, size = workspace.reader.trust(), workspace.ledger.size
    except LotmarkError:
        return []  # no product here, or a ledger of which `lotmark log fsck` tells what is wrong
    persons = {key.person for key in trust.valid_at(size, "root")}
    if len(persons) > trust.root_threshold > 1:
        return []
    one = f"{len(persons)} root person{'s' if len(persons) > 1 else ''}, of whom {trust.root_threshold} must sign a change of keys"
    cure = "enrol root persons (`lotmark key enrol PERSON --root`), one more than must sign, and let two sign: `lotmark key root threshold 2`"
    return [Finding("LM-CLI-028", one, Severity.WARNING, subject="root keys", help=cure)]


def _settings(output: Output) -> dict[str, str]:
    """The environment's variables; where blobs lie also by the settings of the ledger here, if there is one."""
    import os

    from lotmark.bootstrap.api import blobs_setting

    settings = dict(os.environ)
    with suppress(LotmarkError):  # no product here, or settings that every other command refuses with their place
        settings["LOTMARK_BLOBS"] = blobs_setting(output.workspace().state)
    return settings


def _check_witnesses(output: Output) -> list[Finding]:
    """A warning for each witness of the ledger here that falls with this machine; an error if one is the log itself."""
    from lotmark.base.errors import LotmarkError
    from lotmark.bootstrap.api import check_independence

    try:
        workspace = output.workspace()
        if not (workspace.state / "trust.json").is_file():
            return []
        return list(check_independence(workspace.trust_policy))
    except LotmarkError as error:
        dependent = error.code == "LM-ATT-090"
        return [Finding(error.code, error.reason, subject="witnesses", help=error.solution)] if dependent else []
