"""A C2SP witness over HTTP, and an export of a log that a web server serves: what either says is verified by the room that asks."""

import hashlib
import urllib.error
import urllib.request
from typing import Final, NoReturn
from urllib.parse import urlsplit

from lotmark.base.errors import EnvironmentLacksError, NothingToJudgeError, UsageError
from lotmark.tlog import api as tlog
from lotmark.tlog.errors import NoteMalformedError, WitnessRefusalError
from lotmark.tlog.models import AddCheckpoint, NoteSignature

_SECONDS: Final = 10.0
_MAX_ANSWER: Final = 1_000_000
_MAX_OBJECT: Final = 20_000_000
"""Bytes: a full entry bundle of the longest entries is 16.8 million."""


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A witness is where the policy says; an answer that sends elsewhere is none."""

    def redirect_request(self, *_: object) -> None:
        return None


def check_url(url: str) -> str:
    """The URL without a final slash, if it is one of HTTP.

    Raises:
        UsageError: LM-ITG-010.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise UsageError(
            "LM-ITG-010", f"not the URL of a web server: {url[:120]!r}", where=url[:120], solution="write https://HOST/PATH, without a user or query"
        )
    return url.rstrip("/")


class HttpWitness:
    """A `WitnessClient` for one witness."""

    def __init__(self, url: str, *, seconds: float = _SECONDS) -> None:
        """The witness with this submission prefix, which is its monitoring prefix too.

        Raises:
            UsageError: LM-ITG-010.
        """
        self._url = check_url(url)
        self._seconds = seconds

    def add_checkpoint(self, request: AddCheckpoint) -> tuple[NoteSignature, ...]:
        """See `WitnessClient`."""
        status, body, content_type = self._ask("add-checkpoint", tlog.format_add_checkpoint(request))
        if status == 409 and content_type == tlog.SIZE_TYPE:
            raise WitnessRefusalError(409, "it knows another size", size=tlog.parse_size(body))
        if status in {400, 403, 404, 409, 422}:
            raise WitnessRefusalError(status, body[:200].decode("utf-8", "replace").strip())
        if status != 200:
            self._fail(f"it answers {status}: {body[:200].decode('utf-8', 'replace').strip()}")
        try:
            return tlog.parse_signatures(body.decode())
        except (UnicodeDecodeError, NoteMalformedError) as error:
            self._fail(f"its answer holds no signature lines: {error}", error)

    def published(self, origin: str) -> bytes | None:
        """See `WitnessClient`."""
        status, body, _ = self._ask(f"{hashlib.sha256(origin.encode()).hexdigest()}/checkpoint", None)
        if status not in {200, 404}:
            self._fail(f"it answers {status} when it is asked what it published")
        return body if status == 200 else None

    def _ask(self, path: str, body: bytes | None) -> tuple[int, bytes, str]:
        request = urllib.request.Request(f"{self._url}/{path}", data=body, method="GET" if body is None else "POST")  # noqa: S310 - the scheme was checked
        request.add_header("User-Agent", "lotmark")
        if body is not None:
            request.add_header("Content-Type", "text/plain; charset=utf-8")
        try:
            return _open(request, self._seconds, _MAX_ANSWER)
        except (OSError, ValueError) as error:
            self._fail(str(getattr(error, "reason", error)), error)

    def _fail(self, reason: str, cause: Exception | None = None) -> NoReturn:
        raise EnvironmentLacksError(
            "LM-LED-040",
            f"the witness at {self._url} does not answer as a witness: {reason}",
            where=self._url,
            solution="see that it runs and that its URL is right",
        ) from cause


class HttpObjects:
    """An `ObjectReader` over an export that a web server serves."""

    def __init__(self, url: str, *, seconds: float = _SECONDS) -> None:
        """The export below this URL.

        Raises:
            UsageError: LM-ITG-010.
        """
        self._url = check_url(url)
        self._seconds = seconds

    def get(self, name: str) -> bytes:
        """See `ObjectReader`."""
        url = f"{self._url}/{name}"
        request = urllib.request.Request(url, headers={"User-Agent": "lotmark"})  # noqa: S310 - the scheme was checked
        try:
            status, body, _ = _open(request, self._seconds, _MAX_OBJECT)
        except (OSError, ValueError) as error:
            raise EnvironmentLacksError(
                "LM-LED-004",
                f"{url} cannot be read: {getattr(error, 'reason', error)}",
                where=url,
                solution="see that the server runs and that the URL is right",
            ) from error
        if status in {404, 410}:
            raise NothingToJudgeError("LM-LED-031", f"there is no object {name}", where=url, solution="name the place that the export was written to")
        if status != 200:
            raise EnvironmentLacksError(
                "LM-LED-004", f"{url} cannot be read: the server answers {status}", where=url, solution="see that the server serves the export"
            )
        return body


def _open(request: urllib.request.Request, seconds: float, most: int) -> tuple[int, bytes, str]:
    """Status, body and content type of an answer, whatever its status.

    Raises:
        OSError: if nobody answers.
        ValueError: if the answer is longer than `most` bytes.
    """
    try:
        answer = urllib.request.build_opener(_NoRedirects).open(request, timeout=seconds)
    except urllib.error.HTTPError as error:
        answer = error
    with answer:
        body = answer.read(most + 1)
        if len(body) > most:
            raise ValueError(f"an answer of more than {most} bytes")
        return int(answer.status), body, answer.headers.get("Content-Type", "")
