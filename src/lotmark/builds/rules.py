"""The rule codes of this room."""

from typing import Final

from lotmark.base.rules import Rule

_SEALED = "A build that can reach more than its declared inputs cannot be repeated, and a test suite with privileges can change the machine that judges it"
_SAME = (
    "IEC 62304, 5.8.5 asks how the released software was created; a build that gives other bytes under other conditions holds something that nobody declared"
)
_TREE = "The tracked files of one commit are the whole input; what lies outside them has no digest"

RULES: Final[tuple[Rule, ...]] = (
    Rule(
        "LM-BLD-001",
        "No sandbox",
        f"{_SEALED}; so without a working sandbox nothing is run.",
        "Install bubblewrap and allow user namespaces; `lotmark doctor` prints the exact command for this machine.",
    ),
    Rule(
        "LM-BLD-002",
        "Commit not readable",
        f"{_TREE}, and git could not give them.",
        "Check that the commit exists here, fetch the whole history, or add the folder to git's safe.directory.",
    ),
    Rule(
        "LM-BLD-003",
        "Submodule in the source",
        f"{_TREE}: a submodule names files of another repository.",
        "Vendor its files, or release it as a product of its own.",
    ),
    Rule(
        "LM-BLD-004",
        "Unsafe path in the tree",
        "A tree object made by hand can name paths that leave the folder into which it is written.",
        "Remove the path from the repository; `git fsck` names it.",
    ),
    Rule(
        "LM-BLD-005",
        "Mount refused",
        f"{_SEALED}. A mount must exist and must not show the system's own folders or any folder that holds keys or the ledger.",
        "Name the smallest folder that the build needs in environment.mounts.",
    ),
    Rule(
        "LM-BLD-006",
        "Interpreter not found",
        "The declared Python environment is mounted read-only and must be there.",
        "Create the virtual environment, or correct environment.python.",
    ),
    Rule(
        "LM-BLD-007",
        "Variable reserved",
        "The lanes pin or vary this variable; a fixed value would hide a difference.",
        "Remove it from environment.variables.",
    ),
    Rule("LM-BLD-008", "Working directory not in the source", f"{_TREE}.", "Name a tracked folder, relative to the source root."),
    Rule("LM-BLD-009", "git is missing", f"{_TREE}, and git is asked for them.", "sudo apt-get install git"),
    Rule(
        "LM-BLD-010",
        "Build failed",
        "The command ended with another exit code than 0. It had no network and saw only tracked files and the declared environment.",
        "Read the lane's log; add what is missing to the repository, the lock or environment.mounts.",
    ),
    Rule(
        "LM-BLD-011",
        "Build too slow",
        "The command did not end within build.timeout and was killed with all its processes.",
        "Make it faster, or raise build.timeout.",
    ),
    Rule("LM-BLD-012", "Disk quota exceeded", "The command wrote more than a build may, or filled the disk on which the ledger stands.", "Let it write less."),
    Rule(
        "LM-BLD-013", "No outputs", "The command succeeded and left no file that build.outputs names, so there is nothing to release.", "Correct build.outputs."
    ),
    Rule(
        "LM-BLD-014",
        "Output refused",
        "A link that leads outside, a fifo, a device or a name that cannot be shown is no release artifact; following it could read the host's own files.",
        "Let the command write regular files inside the source tree.",
    ),
    Rule(
        "LM-BLD-015",
        "Sources changed",
        f"{_TREE}; a command that rewrites them builds or tests something else than the commit.",
        "Write generated files to paths that git does not track.",
    ),
    Rule("LM-BLD-016", "Builds differ", f"{_SAME}.", "Remove the named cause; dates come from SOURCE_DATE_EPOCH, lists are sorted, paths are mapped away."),
    Rule(
        "LM-BLD-017",
        "Second lane did not build",
        f"{_SAME}; a build that works under one condition only depends on it.",
        "Read lane B's log: it differs in the varied dimensions alone.",
    ),
    Rule(
        "LM-BLD-018",
        "Comparator expired",
        "A declared equivalence holds until a day on which a person looks at it again.",
        "Remove the cause of the difference, or renew the comparator under approval.",
    ),
    Rule(
        "LM-BLD-019",
        "Equivalent, not identical",
        "The bytes differ in what a declared comparator allows; the record shows it as EQUIVALENT and never as IDENTICAL.",
        "Nothing to do, but removing the cause is better.",
    ),
    Rule(
        "LM-BLD-020",
        "Not sealed off",
        f"{_SEALED}. What was measured is recorded, and the release policy judges it.",
        "Set environment.backend to bwrap; `lotmark doctor` says what is missing.",
    ),
    Rule(
        "LM-BLD-021",
        "Dimension not varied",
        "The claim is exactly what was varied; this dimension was not, so the claim shrinks.",
        "Install what `lotmark doctor` names, or build on a machine that can vary it.",
    ),
    Rule(
        "LM-BLD-022",
        "Staged original changed",
        "The staged sources are shown to no command, so something else wrote to the scratch folder.",
        "Find it before you trust anything that was built there.",
    ),
    Rule(
        "LM-BLD-023",
        "Editable install not shown",
        "An editable install of the product points into the work tree, which holds more than the commit.",
        "Set PYTHONPATH in environment.variables, for instance {source}/src.",
    ),
    Rule(
        "LM-BLD-024",
        "libfaketime missing",
        "Without it the clock of the second lane is the same, and an embedded date is not found.",
        "sudo apt-get install faketime",
    ),
    Rule(
        "LM-BLD-027",
        "No second locale",
        "Without a locale that sorts otherwise, an order that depends on the locale is not found.",
        "sudo apt-get install locales && sudo sed -i 's/^# *et_EE.UTF-8/et_EE.UTF-8/' /etc/locale.gen && sudo locale-gen",
    ),
    Rule(
        "LM-BLD-029",
        "Comparator does not fit",
        "The file is not of the comparator's kind, or the ranges are none; it was not applied.",
        "Correct build.comparators.",
    ),
    Rule(
        "LM-BLD-030",
        "Leak not caught",
        "The self-test builds a project that leaks each dimension; one was varied and not found.",
        "Report it with the output of `lotmark doctor --format json`; until then the claim of this machine does not hold.",
    ),
    Rule(
        "LM-BLD-031",
        "Unsafe file name",
        "A built output is put into the source tree by its relative name and must not leave it.",
        "Use the name under which the build left it.",
    ),
    Rule(
        "LM-BLD-033",
        "Isolation not measured",
        "What a sandbox gave is measured inside it; where that fails, everything is recorded as open.",
        "Run `lotmark doctor`.",
    ),
    Rule("LM-BLD-034", "No output for provenance", "Provenance is a statement about files; a failed build has none.", "See why the build failed."),
    Rule(
        "LM-BLD-035",
        "Disk full",
        "Sources are copied for each lane, and outputs and logs are kept; a copy that is cut off is no build.",
        "Free disk space, then run it again; nothing was recorded.",
    ),
    Rule(
        "LM-BLD-040",
        "Comparator gave no answer",
        "A declared command says with 0 that two files are equivalent and with 1 that they are not; one that crashed, hung or said anything else said nothing.",
        "Mend the command named in build.comparators; until then the outputs count as different.",
    ),
    Rule(
        "LM-BLD-041",
        "Package not installed",
        "The root of a capsule is made of the declared packages with all that they depend on; one that is not installed cannot be put into it.",
        "Install the package, or correct environment.packages.",
    ),
    Rule(
        "LM-BLD-042",
        "Package without a list",
        "dpkg's list says which files a package owns; without it the root of a capsule would be incomplete.",
        "Reinstall the package; on a system without dpkg, build in a container of Debian.",
    ),
    Rule(
        "LM-BLD-043",
        "Capsule not written",
        "A capsule must rebuild its release; so it needs a name that can be a file's, and a build that agreed with its twin.",
        "Mend what the finding names, then write the capsule again.",
    ),
    Rule("LM-BLD-044", "No such capsule", "The folder holds no capsule, or none of that name, so there is nothing to rebuild.", "Name one that it holds."),
    Rule(
        "LM-BLD-045",
        "Capsule damaged",
        "Every part of a capsule is named by its digest and checked before it is used; one that differs is not the one that was written.",
        "Take another copy of the capsule.",
    ),
    Rule(
        "LM-BLD-046",
        "Image that nothing uses",
        "Only the backend `engine` runs commands in an image; with another the record would name an image in which nothing was built.",
        "Choose the backend `engine`, or remove the image.",
    ),
)
