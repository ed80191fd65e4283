"""Client libraries that know one host only, pointed at a stand-in."""

from __future__ import annotations

from typing import Any

import facebook
import requests
from requests.adapters import HTTPAdapter


class Rebase(HTTPAdapter):
    """Sends what is meant for `library_url` to `origin`."""

    def __init__(self, library_url: str, origin: str) -> None:
        super().__init__()
        self.library_url, self.origin = library_url, origin

    def send(self, request: requests.PreparedRequest, **settings: Any) -> requests.Response:  # type: ignore[override]
        assert request.url is not None
        request.url = self.origin + request.url.removeprefix(self.library_url)
        return super().send(request, **(settings | {"timeout": 5}))


def facebook_sdk(origin: str, token: str, version: str) -> facebook.GraphAPI:
    session = requests.Session()
    session.mount("https://graph.facebook.com/", Rebase("https://graph.facebook.com", origin))
    api = facebook.GraphAPI(token, version="3.1", session=session)
    api.version = version  # the library takes no version as new as ours
    return api
