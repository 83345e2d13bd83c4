"""The one place where bytes leave for a vendor: limits on what goes out, what comes back, and where to.

Knows HTTP and nothing of either vendor. Everything from the other side is treated as hostile: replies are capped after
decompression, redirects are never followed, hosts stand on an allow-list, the environment's proxies are ignored.
"""

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpx

NEVER_LEFT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)
"""httpx errors raised before the first byte of a request is written: the vendor cannot have acted on it."""


_HOST = re.compile(r"[a-z0-9.-]+")


class NotSent(Exception):
    """No byte of the request left this machine."""


class Lost(Exception):
    """The request may have arrived; no complete answer came back."""


class ForbiddenHost(Exception):
    """The address is not on the allow-list, or not https where it must be."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A complete answer. Header names are lower-case; `body` is decompressed."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds, each explicit. `read` must stay below the vendor's own cut (Intacct: 15 minutes)."""

    connect: float = 10.0
    write: float = 30.0
    read: float = 120.0
    pool: float = 60.0


@dataclass(frozen=True, slots=True)
class HttpPolicy:
    """Where requests may go and how much may come back. `allowed_hosts` are host suffixes such as `intacct.com`."""

    allowed_hosts: tuple[str, ...]
    allow_loopback: bool = False
    max_reply_bytes: int = 32 * 1024 * 1024
    timeouts: Timeouts = field(default_factory=Timeouts)
    max_connections: int = 20


class HttpClient:
    """Sends requests to one vendor for the life of the process. `transport` is the seam for tests."""

    def __init__(self, policy: HttpPolicy, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._policy = policy
        limit = policy.timeouts
        self._client = httpx.AsyncClient(
            transport=transport,
            timeout=httpx.Timeout(connect=limit.connect, read=limit.read, write=limit.write, pool=limit.pool),
            limits=httpx.Limits(max_connections=policy.max_connections),
            follow_redirects=False,
            trust_env=False,
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),  # connections share this client, not cookies
            headers={"Accept-Encoding": "gzip", "User-Agent": "tandem-sync"},
        )

    def check_url(self, url: str) -> None:
        """Raise ForbiddenHost unless `url` may be called: https to an allowed host, or loopback where permitted."""
        try:
            parts = httpx.URL(url)  # the parser that also decides where the bytes go
        except (httpx.InvalidURL, ValueError) as wrong:
            raise ForbiddenHost("the address cannot be read") from wrong
        host = parts.host.rstrip(".").lower()
        if self._policy.allow_loopback and _is_loopback(host) and parts.scheme in ("http", "https"):
            return
        if parts.scheme != "https":
            raise ForbiddenHost(f"{host or 'the address'} must be called over https")
        if not _HOST.fullmatch(host) or not any(
            host == allowed or host.endswith("." + allowed) for allowed in self._policy.allowed_hosts
        ):
            raise ForbiddenHost(f"{host} is not on the list of allowed hosts")

    async def send(
        self, method: str, url: str, *, headers: Mapping[str, str] | None = None, content: bytes | None = None
    ) -> Reply:
        """One request, one complete reply of any status. Raises NotSent, Lost or ForbiddenHost; never retries."""
        self.check_url(url)
        try:
            async with self._client.stream(method, url, headers=headers, content=content) as response:
                body = bytearray()
                async for piece in response.aiter_bytes():
                    body += piece
                    if len(body) > self._policy.max_reply_bytes:
                        raise Lost(f"the reply is larger than {self._policy.max_reply_bytes} bytes")
                return Reply(response.status_code, {k.lower(): v for k, v in response.headers.items()}, bytes(body))
        except NEVER_LEFT as failure:
            raise NotSent(type(failure).__name__) from failure
        except (httpx.HTTPError, httpx.StreamError) as failure:
            raise Lost(type(failure).__name__) from failure

    async def aclose(self) -> None:
        """Close all connections."""
        await self._client.aclose()


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
