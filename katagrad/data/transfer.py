"""One file over HTTP into a kept part, continued from where the last attempt stopped.

pooch keeps neither its part after a cut nor tells an answer to a Range request (206) from one
that starts over (200), so the transfer is written here, on requests, which pooch brings along.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from katagrad.data.errors import DownloadFailed

if TYPE_CHECKING:
    import requests

# Bytes; small, so that a broken connection loses little.
CHUNK = 1 << 16
# Status codes after which another attempt may succeed.
RETRIED = (408, 425, 429, 500, 502, 503, 504)
# Bytes. An answer longer than twice the published size and this is refused as endless.
SLACK = 1 << 26

Progress = Callable[[int, "int | None"], None]
"""Called with the bytes on disk and the bytes in all, None where the server does not say."""


class Interrupted(Exception):
    """This attempt failed or stopped early. Another may continue it."""


def receive(
    session: requests.Session, url: str, part: Path, size: int, timeout: float, progress: Progress
) -> None:
    """Bring the file at `url` into `part`, keeping the bytes that `part` already holds.

    size: the published size in bytes, a bound for answers without a length. timeout: seconds
    without a byte. Returns when the server's whole file is in `part`. Raises Interrupted where
    another attempt may help, DownloadFailed where it cannot.
    """
    import requests
    import urllib3

    have = part.stat().st_size if part.exists() else 0
    # As it lies on the server: `identity`, or ranges would count bytes of another encoding.
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
    try:
        with session.get(url, headers=headers, stream=True, timeout=timeout) as response:
            start, total = _opening(response, url, part, have)
            if start and start == total:
                return
            with part.open("r+b" if start else "wb") as sink:
                sink.seek(start)
                written = start
                for chunk in response.raw.stream(CHUNK, decode_content=False):
                    sink.write(chunk)
                    written += len(chunk)
                    progress(written, total)
                    if written > 2 * size + SLACK:
                        raise DownloadFailed(
                            f"{url} does not end: {written:,} bytes came, but the published file "
                            f"has {size:,}. Check the address, or KATAGRAD_DATA_URL."
                        )
                sink.flush()
                os.fsync(sink.fileno())
    except requests.Timeout:
        raise Interrupted(f"no answer within {timeout:g} s") from None
    except urllib3.exceptions.ReadTimeoutError:
        raise Interrupted(f"nothing more came for {timeout:g} s") from None
    except urllib3.exceptions.HTTPError:
        raise Interrupted("the connection was cut") from None
    except requests.exceptions.SSLError as error:
        raise DownloadFailed(f"{url} is not trusted: {error}.") from None
    except requests.ConnectionError:
        raise Interrupted("there is no connection to the server") from None
    except requests.RequestException as error:
        raise DownloadFailed(f"{url} cannot be fetched: {str(error).rstrip('.')}.") from None
    # Only urllib3 2 and later notice this themselves.
    if total is not None and written < total:
        raise Interrupted(f"the connection was cut after {written:,} of {total:,} bytes")


def _opening(
    response: requests.Response, url: str, part: Path, have: int
) -> tuple[int, int | None]:
    """Return where the answer starts in the file and how long the file is in all."""
    code = response.status_code
    if code == 206:
        start, total = _content_range(response)
        if start == have:
            return have, total
        part.unlink(missing_ok=True)
        raise Interrupted(f"the server went on at byte {start}, not at {have}")
    if code == 416 and have:
        # Nothing beyond the part: it is complete, or wrong, as its checksum will tell.
        return have, have
    if code == 200:
        length = response.headers.get("Content-Length", "")
        return 0, int(length) if length.isdigit() else None
    if code in RETRIED:
        raise Interrupted(f"the server answered {code} {response.reason}")
    raise DownloadFailed(
        f"{url} cannot be fetched: the server answered {code} {response.reason}, but should "
        "answer 200 or 206."
    )


def _content_range(response: requests.Response) -> tuple[int, int | None]:
    header = response.headers.get("Content-Range", "")
    match = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", header.strip())
    if match is None:
        return -1, None
    start, total = match.groups()
    return int(start), None if total == "*" else int(total)
