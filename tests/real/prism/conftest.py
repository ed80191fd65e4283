"""Prism, a server made from a published OpenAPI specification: X's, in both vocabularies, where those are at hand."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from ports import free_port

SPECS = Path(__file__).resolve().parents[3] / "../shared/data/specs/x"
FILES = {"tweet": "openapi-2.166-tweet-vocabulary.json", "post": "openapi-2.167-post-vocabulary.json"}
ACCOUNT = "2244994945"  # the example of an id in the specification


@pytest.fixture(scope="session")
def x_by_prism(real_project: Any, running: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], str]]:
    """A function that starts a server for a vocabulary, once, and gives its address; about five seconds."""
    if not SPECS.is_dir():
        pytest.skip("the published specifications of X are not at hand")
    project = real_project("prism")
    program = project.folder / "node_modules" / "@stoplight" / "prism-cli" / "dist" / "index.js"
    started: dict[str, str] = {}
    with ExitStack() as stack:

        def start(vocabulary: str) -> str:
            if vocabulary not in started:
                document = json.loads((SPECS / FILES[vocabulary]).read_text(encoding="utf-8"))
                served = tmp_path_factory.mktemp("prism") / "x.json"
                served.write_text(json.dumps(_of_one_account(document)), encoding="utf-8")
                port = free_port()
                options = ["mock", "-v", "fatal", "-h", "127.0.0.1", "-p", str(port), str(served)]
                url = f"http://127.0.0.1:{port}"
                stack.enter_context(running([str(project.node), str(program), *options], lambda: _answers(url)))
                started[vocabulary] = url
            return started[vocabulary]

        yield start


def _of_one_account(document: dict[str, Any]) -> dict[str, Any]:
    """The specification, answering with posts of one public account from this year: the newer one calls any text an id, and
    times are invented from all centuries, so that a crawl would end with its first answer. What may be asked stays as it is."""
    schemas = document["components"]["schemas"]
    digits = {"type": "string", "pattern": "^[0-9]{18,19}$"}
    own = {"type": "string", "enum": [ACCOUNT]}
    schemas["User"]["properties"] |= {"id": own, "protected": {"type": "boolean", "enum": [False]}}
    post, history = ("Post", "edit_history_post_ids") if "Post" in schemas else ("Tweet", "edit_history_tweet_ids")
    schemas[post]["properties"] |= {
        "id": digits,
        "author_id": own,
        "created_at": {"type": "string", "enum": ["2026-11-02T09:30:00.000Z"]},
        history: {"type": "array", "minItems": 1, "maxItems": 2, "items": digits},
    }
    if "PostReferencedPosts" in schemas:
        schemas["PostReferencedPosts"]["items"]["properties"]["id"] = digits
    return document


def _answers(url: str) -> bool:
    try:
        urllib.request.urlopen(url, timeout=20)
    except urllib.error.HTTPError:
        return True  # 404: nothing stands at /
    except (urllib.error.URLError, OSError):
        return False
    return True
