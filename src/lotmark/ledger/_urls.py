"""Where a ledger lies, as one URL: ``sqlite:///FOLDER`` or ``postgresql://USER@HOST/DATABASE``."""

from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

from lotmark.base.errors import UsageError

_DATABASE = "ledger.db"


def parse_ledger_url(text: str, base: Path) -> Path | str:
    """The folder of a ledger in SQLite, or the URL of one in PostgreSQL.

    ``sqlite:///ledger`` is relative to `base`, ``sqlite:////srv/lotmark`` absolute; the name of the file may follow.

    Raises:
        UsageError: LM-LED-019 for any other URL.
    """
    parts = urlsplit(text)
    if parts.scheme in {"postgresql", "postgres"} and parts.path.strip("/"):
        return text
    if parts.scheme == "sqlite" and not parts.netloc and not parts.query and not parts.fragment and parts.path.startswith("/"):
        path = base / unquote(parts.path[1:])
        return path.parent if path.name == _DATABASE else path
    raise UsageError(
        "LM-LED-019",
        f"{redact(text)!r} does not say where a ledger lies",
        solution="write sqlite:///FOLDER (relative to the state folder; four slashes for an absolute one) or postgresql://USER@HOST/DATABASE",
    )


def redact(url: str) -> str:
    """The URL without a password."""
    parts = urlsplit(url)
    user, _, host = parts.netloc.rpartition("@")
    name = user.split(":", 1)[0]
    query = "&".join(pair for pair in parts.query.split("&") if pair and not pair.lower().startswith(("password=", "sslpassword=")))
    return urlunsplit((parts.scheme, f"{name}@{host}" if name else host, parts.path, query, ""))


def has_password(url: str) -> bool:
    """Whether a password stands in the URL."""
    parts = urlsplit(url)
    return parts.password is not None or any(pair.lower().startswith(("password=", "sslpassword=")) for pair in parts.query.split("&"))
