"""One running sandbox a module, put back to its first night and freed of faults before each test."""

from __future__ import annotations

import ssl
from collections.abc import Iterator

import httpx
import pytest

from nightrounds.sandbox.server import Sandbox

NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # else every client reads all certificate authorities of the machine


@pytest.fixture(scope="module")
def running() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running: Sandbox) -> Sandbox:
    running.clear_faults()
    running.night = 1
    return running


@pytest.fixture
def x(sandbox: Sandbox) -> Iterator[httpx.Client]:
    """A client of the X stand-in, with its token."""
    token = sandbox.platform_options()["x"]["bearer_token"]
    with httpx.Client(base_url=sandbox.urls["x"], headers={"Authorization": f"Bearer {token}"}, verify=NO_TLS) as client:
        yield client


@pytest.fixture
def graph(sandbox: Sandbox) -> Iterator[httpx.Client]:
    """A client of the Graph stand-in, with its token in the header."""
    token = sandbox.platform_options()["facebook"]["access_token"]
    with httpx.Client(base_url=sandbox.urls["facebook"], headers={"Authorization": f"Bearer {token}"}, verify=NO_TLS) as client:
        yield client


@pytest.fixture
def web(sandbox: Sandbox) -> Iterator[httpx.Client]:
    """A client of the websites; the caller names the site in the Host header."""
    with httpx.Client(base_url=sandbox.urls["website"], verify=NO_TLS) as client:
        yield client
