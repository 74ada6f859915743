"""Every rule code of the lint with its story, for ``lotmark explain`` and the `help:` line of its findings."""

from lotmark.base.rules import Rule

_DECLARE = "; or declare it in quality/lint.yaml with reason, owner and expiry"

RULES: tuple[Rule, ...] = (
    Rule("LM-LNT-001", "a declaration of the lint has ended", "What may stay holds for a time, so that somebody looks again; after its last day the cause counts as before.", "look again: remove the cause, or renew the declaration with a new day"),
    Rule("LM-LNT-002", "a declaration of the lint concerns nothing", "It is left over from something that was mended, or misspelt and without effect.", "remove it, or correct the rule and the files"),
    Rule("LM-LNT-003", "the read set cannot be used", "A read set is the list of files that a build was seen to read. One that is empty or damaged would rank everything last.", "give a JSON list of names, or one name a line, relative to the root of the repository"),
    Rule("LM-LNT-004", "a file that decides about a build was not looked at", "It cannot be read, or is larger than what people write. What was not looked at is not clean.", "split the file, or take what is generated out of the sources" + _DECLARE),
    Rule("LM-LNT-010", "a dependency without a version", "What is installed changes from day to day, so that the tested software is not the released software.", "name one exact version, best in a lock file with hashes" + _DECLARE),
    Rule("LM-LNT-011", "a dependency without a hash", "The same name and version may deliver other bytes; only a hash says which were meant.", "lock it with hashes (`pip-compile --generate-hashes`, `uv export`) and install with `--require-hashes`" + _DECLARE),
    Rule("LM-LNT-012", "an image without a digest", "A tag of an image can be moved to other bytes at any time, by its maker or by an attacker.", "name the digest: `image:tag@sha256:...`" + _DECLARE),
    Rule("LM-LNT-013", "a CI action without a commit", "A tag or branch of an action can be moved; the action then runs with the rights of the workflow (as in tj-actions/changed-files, March 2025).", "name the commit with all 40 digits and the tag in a comment" + _DECLARE),
    Rule("LM-LNT-014", "a system package without a version", "The archive of a distribution changes every day, and older versions leave it.", "name the version (`package=version`) and keep the packages in a pool, or build in a root that is pinned by digest" + _DECLARE),
    Rule("LM-LNT-015", "an installation that may change the lock file", "An installation that resolves again tests something else than the lock file pins.", "use the command that holds to the lock file: `npm ci`, `yarn install --immutable`, `pnpm install --frozen-lockfile`" + _DECLARE),
    Rule("LM-LNT-016", "a download without a hash", "What a URL delivers can change, and a later build gets other bytes or none.", "check the SHA-256 behind the download, or declare the file as an input of the build" + _DECLARE),
    Rule("LM-LNT-017", "a source from git without a commit", "Branches and tags move; only a commit names one state.", "name the commit with all 40 digits" + _DECLARE),
    Rule("LM-LNT-020", "the build reads the clock", "Two builds of one source then differ by the time at which they ran, and nobody can tell that difference from another one.", "use SOURCE_DATE_EPOCH in its place" + _DECLARE),
    Rule("LM-LNT-021", "the time of the build goes into the artifact", "`__DATE__`, `__TIME__` and `__TIMESTAMP__` are another text in each build. GCC and Clang take SOURCE_DATE_EPOCH for the first two, other compilers do not.", "leave them out, or pass the version as a macro from the build" + _DECLARE),
    Rule("LM-LNT-022", "the build uses chance", "A random value in the artifact makes every build another one.", "derive the value from the source (for instance from its digest), or seed it" + _DECLARE),
    Rule("LM-LNT-023", "the build asks for the machine or the user", "Host name, user and kernel differ from machine to machine, so that nobody else gets the same artifact.", "leave it out; the provenance records where it was built" + _DECLARE),
    Rule("LM-LNT-024", "a path of one machine", "It exists nowhere else, and it may end up in the artifact.", "use a path relative to the source" + _DECLARE),
    Rule("LM-LNT-025", "the build is for the processor of the machine", "`native` means another set of instructions on each machine: other bytes, other rounding, and faults on older devices.", "name the processor that the product is for" + _DECLARE),
    Rule("LM-LNT-026", "files in the order of the disk", "Each file system lists a folder in another order; what is linked or packed in that order differs.", "sort (`sorted(...)`, `LC_ALL=C sort`)" + _DECLARE),
    Rule("LM-LNT-027", "an archive with times, owners and order", "An archive keeps the times, owners and order of its files unless it is told not to.", "`tar --sort=name --mtime=@$SOURCE_DATE_EPOCH --owner=0 --group=0 --numeric-owner`, `zip -X`, `gzip -n`" + _DECLARE),
    Rule("LM-LNT-028", "the build asks git", "The sealed build sees no history; what git says also depends on tags that were fetched or not.", "pass the version in, or write it to a file that is committed" + _DECLARE),
)  # fmt: skip
