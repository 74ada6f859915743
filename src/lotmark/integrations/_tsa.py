"""The client of a time stamping authority over HTTP (RFC 3161, 3.4), with a time limit and a size limit; redirects are not followed."""

import http.client
import ssl
from typing import Final
from urllib.parse import urlsplit

from lotmark.base.errors import EnvironmentLacksError, UsageError
from lotmark.integrations._rfc3161 import MAX_REPLY, make_request, require_extra

TIMEOUT: Final = 15.0
"""Seconds that each of connecting, sending and reading may take."""


class TsaClient:
    """A `TimestampAuthority` at a URL."""

    def __init__(self, url: str, *, timeout: float = TIMEOUT) -> None:
        """The authority at `url`; nothing is asked of it yet.

        Raises:
            UsageError: LM-ITG-020 if that is no http or https URL, or holds credentials.
            EnvironmentLacksError: LM-ITG-002 if the extra is not installed.
        """
        parts = urlsplit(url)
        try:
            port = parts.port
        except ValueError:
            port = -1
        if parts.scheme not in {"http", "https"} or not parts.hostname or port == -1 or not url.isascii() or " " in url:
            raise UsageError(
                "LM-ITG-020",
                "the URL of the time stamping authority is not understood",
                where="LOTMARK_TSA",
                solution="write https://host/path, as your authority tells it",
            )
        if parts.username is not None or parts.password is not None:
            raise UsageError(
                "LM-ITG-020",
                "the URL of the time stamping authority holds credentials",
                where="LOTMARK_TSA",
                solution="use an authority that needs none, or a local proxy that adds them",
            )
        require_extra()
        self.name = parts.netloc
        self._parts = parts
        self._timeout = timeout

    def stamp(self, data: bytes) -> tuple[bytes, int]:
        """See `TimestampAuthority`."""
        request, nonce = make_request(data)
        return self._post(request), nonce

    def _post(self, request: bytes) -> bytes:
        parts = self._parts
        host = parts.hostname or ""
        if parts.scheme == "https":
            connection: http.client.HTTPConnection = http.client.HTTPSConnection(host, parts.port, timeout=self._timeout, context=ssl.create_default_context())
        else:
            # Plain HTTP is what most authorities speak: the stamp is signed, and its nonce and imprint are ours.
            connection = http.client.HTTPConnection(host, parts.port, timeout=self._timeout)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        try:
            connection.request("POST", path, body=request, headers={"Content-Type": "application/timestamp-query", "Accept": "application/timestamp-reply"})
            answer = connection.getresponse()
            kind = (answer.getheader("Content-Type") or "").partition(";")[0].strip().lower()
            if answer.status != 200 or kind != "application/timestamp-reply":
                raise self._away(f"it answers {answer.status} with {kind[:80] or 'no type'}")
            body = answer.read(MAX_REPLY + 1)
        except (OSError, http.client.HTTPException) as error:
            raise self._away(str(error) or type(error).__name__) from error
        finally:
            connection.close()
        if len(body) > MAX_REPLY:
            raise self._away(f"its answer has more than {MAX_REPLY} bytes")
        return body

    def _away(self, reason: str) -> EnvironmentLacksError:
        return EnvironmentLacksError(
            "LM-ITG-022",
            f"the time stamping authority {self.name} gives no stamp: {reason}",
            where=self.name,
            solution="look whether LOTMARK_TSA is right and the authority is up (`lotmark doctor`), then `lotmark log timestamp`; nothing waits for it",
        )
