"""The border to the network, loaded by the download process alone: the hub's metadata, and the bytes of a file."""

from __future__ import annotations

import email.utils
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import httpcore2
import httpx2
from huggingface_hub import get_hf_file_metadata, hf_hub_url, set_client_factory
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    LocalEntryNotFoundError,
    RemoteEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from app import APP_NAME, __version__
from app.domain.catalogue import HubFile
from app.errors import DownloadError
from app.hub.endpoint import may_carry_a_token

if TYPE_CHECKING:
    from ssl import SSLContext

# A file comes in the pieces in which it is read from the socket, and each costs its share of Python: with the library's
# 64 KiB that is a third of the processor's time of a fast line. No more is waited for than has arrived.
httpcore2.HTTP11Connection.READ_NUM_BYTES = 1 << 20

_MOST_REDIRECTS = 10
_CONNECT_SECONDS = 20.0
_SHA256 = re.compile(r"[0-9a-f]{64}")
_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)")
_MISSING = (RepositoryNotFoundError, RevisionNotFoundError, RemoteEntryNotFoundError, LocalEntryNotFoundError)
_AGAIN_LATER = (408, 409, 421, 425, 429)


class RetryError(Exception):
    """An attempt failed and another may not. reason is a sentence; wait what the server asks for, in seconds."""

    def __init__(self, reason: str, wait: float | None = None, details: str = "") -> None:
        super().__init__(reason, wait, details)
        self.reason = reason
        self.wait = wait
        self.details = details


class RangeError(Exception):
    """The server refuses the range that it was asked for."""


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file as the hub describes it. url is bound to a commit where the hub names one."""

    name: str
    url: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Answer:
    """An open response. start is the offset of its first byte, total the length of the whole file if it says so."""

    start: int
    total: int | None
    etag: str
    response: httpx2.Response

    def pieces(self) -> Iterator[bytes]:
        """The body as it comes. Raises RetryError when the connection ends before its time or brings nothing."""
        with _as_retries():
            yield from self.response.iter_raw()


class Hub:
    """Talks to one endpoint. Every method raises RetryError or DownloadError."""

    def __init__(self, endpoint: str, token: str | None, stall_seconds: float) -> None:
        self._endpoint = endpoint.rstrip("/")
        url = _checked(self._endpoint)
        self._origin = _origin(url)
        self._token = token if token and may_carry_a_token(url.scheme, url.host) else None
        self._stall_seconds = stall_seconds
        with _as_retries():
            self._client = self._new_client()
        # The library keeps a client of its own, which must not take the token elsewhere either.
        set_client_factory(self._new_client)

    def close(self) -> None:
        self._client.close()

    def look_up(self, repository: str, revision: str | None, file: HubFile) -> RemoteFile:
        """What the hub says of a file. What is known of it already must be the same."""
        try:
            url = hf_hub_url(repository, file.name, revision=revision, endpoint=self._endpoint)
            with _as_retries():
                facts = get_hf_file_metadata(
                    url,
                    token=self._token or False,
                    timeout=self._stall_seconds,
                    library_name=APP_NAME.lower(),
                    library_version=__version__,
                    endpoint=self._endpoint,
                )
        except GatedRepoError as error:
            raise _no_entry(file.name, str(error)) from error
        except _MISSING as error:
            raise _nothing_there(file.name, str(error)) from error
        except HFValidationError as error:
            raise DownloadError("The repository’s name can’t be right.", "Choose another model.", str(error)) from error
        except HfHubHTTPError as error:
            raise _refusal(error.response, file.name, at_endpoint=True) from error
        sha256 = file.sha256 or (facts.etag if _SHA256.fullmatch(facts.etag or "") else None)
        if sha256 is None or (facts.size or file.size) is None:
            raise DownloadError(
                f"The hub doesn’t say the checksum of {file.name}, so it could not be checked.",
                "Choose another endpoint, or bring the file yourself.",
            )
        size = facts.size or file.size or 0
        changed = _SHA256.fullmatch(facts.etag or "") and facts.etag != sha256
        if changed or (file.size is not None and size != file.size):
            raise DownloadError(
                f"The hub has another {file.name} than the one that this version knows.",
                "Look for a newer version of the application, or bring the file yourself.",
                f"size {size}, checksum {facts.etag}",
            )
        if facts.commit_hash:
            url = hf_hub_url(repository, file.name, revision=facts.commit_hash, endpoint=self._endpoint)
        return RemoteFile(file.name, url, size, sha256)

    @contextmanager
    def open(self, remote: RemoteFile, offset: int, etag: str) -> Iterator[Answer]:
        """Ask for a file from this offset on. Raises RangeError too.

        With an ETag the server is asked for all of it should it have changed.
        """
        headers = {"Accept-Encoding": "identity"}
        if offset:
            headers["Range"] = f"bytes={offset}-"
            if etag.startswith('"'):
                headers["If-Range"] = etag
        with _as_retries():
            response = self._follow(httpx2.URL(remote.url), headers)
        try:
            yield self._answer(response, remote)
        finally:
            response.close()

    def _follow(self, url: httpx2.URL, headers: dict[str, str]) -> httpx2.Response:
        for _ in range(_MOST_REDIRECTS):
            response = self._client.send(self._client.build_request("GET", url, headers=headers), stream=True)
            if not response.has_redirect_location:
                return response
            response.close()
            target = url.join(response.headers["Location"])
            if target.scheme not in ("http", "https") or (url.scheme == "https" and target.scheme != "https"):
                raise DownloadError(
                    f"{url.host} sends on to an address that is not encrypted, which was not followed.",
                    "Use another network or another endpoint.",
                    target.host,
                )
            url = target
        raise DownloadError("The hub sends on from address to address without an end.", "Try again later.")

    def _answer(self, response: httpx2.Response, remote: RemoteFile) -> Answer:
        status = response.status_code
        if status == 416:
            raise RangeError
        if status not in (200, 206):
            raise _refusal(response, remote.name, at_endpoint=_origin(response.url) == self._origin)
        if response.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise RetryError("The server sends the file in another coding than it was asked for.")
        etag = response.headers.get("ETag", "")
        if status == 200:
            return Answer(0, _whole(response.headers.get("Content-Length")), etag, response)
        found = _RANGE.fullmatch(response.headers.get("Content-Range", "").strip())
        if found is None:
            raise RangeError
        return Answer(int(found[1]), _whole(found[3]), etag, response)

    def _new_client(self) -> httpx2.Client:
        """A client that uses the system's proxies and shows the token to the endpoint alone."""
        return httpx2.Client(
            follow_redirects=False,
            trust_env=True,
            verify=_certificates(),
            timeout=httpx2.Timeout(self._stall_seconds, connect=min(_CONNECT_SECONDS, self._stall_seconds)),
            headers={"User-Agent": f"{APP_NAME}/{__version__}"},
            event_hooks={"request": [self._guard_token]},
        )

    def _guard_token(self, request: httpx2.Request) -> None:
        request.headers.pop("Authorization", None)
        if self._token and _origin(request.url) == self._origin:
            request.headers["Authorization"] = f"Bearer {self._token}"


@cache
def _certificates() -> SSLContext:
    """Whom to believe. Loaded once for both clients."""
    try:
        return httpx2.create_ssl_context()
    except OSError as error:
        raise DownloadError(
            "The certificates that this computer trusts can’t be read.",
            "Check SSL_CERT_FILE and SSL_CERT_DIR in the environment.",
            str(error),
        ) from error


@contextmanager
def _as_retries() -> Iterator[None]:
    """Turn what the library raises for a bad line into RetryError."""
    try:
        yield
    except httpx2.TimeoutException as error:
        raise RetryError("The server brings nothing.", details=repr(error)) from error
    except httpx2.ConnectError as error:
        if "CERTIFICATE_VERIFY_FAILED" in str(error):
            raise DownloadError(
                "The hub can’t prove that it is what it says: its certificate is not valid.",
                "Check the clock of this computer, and whether something on this network reads along.",
                str(error),
            ) from error
        raise RetryError("The hub can’t be reached.", details=str(error)) from error
    except httpx2.TransportError as error:
        raise RetryError("The connection broke.", details=repr(error)) from error
    except (httpx2.InvalidURL, ValueError) as error:
        raise DownloadError("An address or a proxy can’t be right.", "Check the settings.", str(error)) from error


def _refusal(response: httpx2.Response, name: str, at_endpoint: bool) -> Exception:
    """What a status means that brings no file."""
    status = response.status_code
    if status in _AGAIN_LATER or status >= 500:
        busy = status in (429, 503)
        reason = "The server is busy." if busy else f"The server has a problem (status {status})."
        return RetryError(reason, retry_after(response.headers.get("Retry-After")))
    if status in (401, 403):
        # Addresses that a hub sends on to are valid for a while only; the hub gives a new one.
        return _no_entry(name, f"status {status}") if at_endpoint else RetryError("The address is no longer valid.")
    if status in (404, 410):
        return _nothing_there(name, f"status {status}")
    return DownloadError(
        f"The server doesn’t give {name} (status {status}).", "Try again later, or choose another endpoint."
    )


def retry_after(text: str | None) -> float | None:
    """Seconds that a Retry-After header asks for: a number of them, or a date (RFC 9110, 10.2.3)."""
    if text is None:
        return None
    if text.strip().isdecimal():
        return float(text)
    try:
        moment = email.utils.parsedate_to_datetime(text)
    except ValueError:
        return None
    return max(0.0, moment.timestamp() - time.time())


def _nothing_there(name: str, details: str) -> DownloadError:
    return DownloadError(
        f"There is no {name} where the hub should have it.",
        "Check the endpoint in the settings, or bring the file yourself.",
        details,
    )


def _no_entry(name: str, details: str) -> DownloadError:
    return DownloadError(
        f"The hub does not let you have {name}.",
        "It may want an account: give its token in the settings, or choose another.",
        details,
    )


def _whole(text: str | None) -> int | None:
    return int(text) if text is not None and text.isdecimal() else None


def _origin(url: httpx2.URL) -> tuple[str, str, int]:
    return url.scheme, url.host.lower(), url.port or (443 if url.scheme == "https" else 80)


def _checked(endpoint: str) -> httpx2.URL:
    try:
        url = httpx2.URL(endpoint)
    except httpx2.InvalidURL:
        url = httpx2.URL("")
    if url.scheme not in ("http", "https") or not url.host:
        raise DownloadError(f"“{endpoint}” is no address of a hub.", "An address begins with https://.")
    return url
