"""X's API v2 through tweepy, in either of its vocabularies; each answer is judged here and is good when it comes back.

tweepy 4.17 knows one host, no time-out and the 'tweet' vocabulary alone, and its own waiting for a rate limit turns into a
tight loop when X does not name the reset. So it asks once, through our session, and everything after that is ours.

What is asked for is what a rule can read: every expanded person costs money (user reads are billed) and is somebody
else's data, so mentioned and referenced people are not asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Literal

import requests
import tweepy

from core.errors import (
    AccountNotFound,
    AccountPrivate,
    AuthError,
    Blocked,
    BudgetExhausted,
    Outdated,
    ParseError,
    PermissionMissing,
    PlatformDown,
    RateLimited,
)
from core.seams import Meter
from crawlers._exchange import Answer, Exchange, reset_time
from crawlers._rebase import rebased_session

COLLECTOR = f"x_timelines 1, tweepy {tweepy.__version__}"
MAX_IDS = 100  # of one lookup
_PAGE = 100  # posts of one timeline page, the most there is
_LIBRARY_URL = "https://api.twitter.com/"

Vocabulary = Literal["tweet", "post"]

_POST_FIELDS = (
    "article,attachments,card_uri,conversation_id,created_at,display_text_range,edit_controls,entities,id,lang,"
    "paid_partnership,possibly_sensitive,public_metrics,reply_settings,text,withheld"
)
_MEDIA_FIELDS = "alt_text,duration_ms,height,media_key,preview_image_url,type,url,variants,width"
_USER_FIELDS = (
    "created_at,description,entities,id,name,profile_image_url,protected,url,username,verified,verified_type,withheld"
)
# In the newer vocabulary (spec 2.167) what names another post or person is an expansion only, and a 422 as a field.
_IN_VOCABULARY: dict[Vocabulary, dict[str, str]] = {
    "tweet": {
        "tweet_fields": _POST_FIELDS + ",author_id,edit_history_tweet_ids,in_reply_to_user_id,note_tweet,referenced_tweets",
        "expansions": "attachments.media_keys,referenced_tweets.id,referenced_tweets.id.attachments.media_keys",
    },
    "post": {
        "post_fields": _POST_FIELDS + ",note_post",
        "expansions": "attachments.media_keys,author_id,edit_history_post_ids,referenced_posts",
    },
}
_VOCABULARY_PARAMETERS = frozenset({"tweet.fields", "post.fields", "user.fields", "media.fields", "expansions"})


class StaleToken(ParseError):
    """X does not know the pagination token any more."""


class _Client(tweepy.Client):  # type: ignore[misc]  # tweepy has no types
    """tweepy's client, taught the parameter that it does not know."""

    def _make_request(self, method: str, route: str, *args: Any, endpoint_parameters: Sequence[str] = (), **rest: Any) -> Any:
        return super()._make_request(method, route, *args, endpoint_parameters=(*endpoint_parameters, "post.fields"), **rest)


class XClient:
    """Asks X for users, timelines and posts. Every method raises CrawlError and returns an answer of status 200."""

    def __init__(
        self,
        *,
        bearer_token: str,
        base_url: str,
        vocabulary: Vocabulary,
        timeout: float,
        clock: Callable[[], datetime],
        sleep: Callable[[float], None],
    ) -> None:
        session = rebased_session(_LIBRARY_URL, base_url, seconds=timeout)
        self._tweepy = _Client(bearer_token=bearer_token, return_type=requests.Response, wait_on_rate_limit=False)
        self._tweepy.session = session
        self._session = session
        self._clock = clock
        self._exchange = Exchange("X", session, collector=COLLECTOR, secrets=[bearer_token], clock=clock, sleep=sleep)
        self._post_parameters = {**_IN_VOCABULARY[vocabulary], "media_fields": _MEDIA_FIELDS}

    def user_by_handle(self, handle: str) -> Answer:
        return self._ask("user", lambda: self._tweepy.get_user(username=handle, user_fields=_USER_FIELDS))

    def user_by_id(self, native_id: str) -> Answer:
        return self._ask("user", lambda: self._tweepy.get_user(id=native_id, user_fields=_USER_FIELDS))

    def timeline(self, native_id: str, **window: Any) -> Answer:
        """One page of a user's own posts, newest first. `window`: since_id, until_id, start_time, pagination_token, exclude.

        Raises:
            StaleToken: the pagination token of an earlier day is not known any more.
        """
        given = {key: value for key, value in window.items() if value}
        asked = {"max_results": _PAGE, **given, **self._post_parameters}
        return self._ask("post", lambda: self._tweepy.get_users_tweets(native_id, **asked))

    def posts(self, ids: Sequence[str]) -> Answer:
        """Posts by the ids of their versions, at most MAX_IDS."""
        return self._ask("post", lambda: self._tweepy.get_tweets(list(ids), **self._post_parameters))

    def close(self) -> None:
        self._session.close()

    def read_for(self, meter: Meter) -> None:
        """Charge what is asked from now on to `meter`."""
        self._exchange.meter = meter

    def _ask(self, resource: str, call: Callable[[], object]) -> Answer:
        """X bills each user or post of a good answer."""
        answer = self._exchange.ask(call, self._judge)
        self._exchange.meter.took(resource, _billed(answer.json()))
        return answer

    def _judge(self, answer: Answer) -> None:
        """Raise what an answer's status and problem type mean; the meaning of errors beside data is the caller's."""
        status = answer.status
        if status == 402:
            raise BudgetExhausted("X: the credits or the spending limit are used up (402)")
        if status == 429:
            self._judge_too_many(answer)
        if status >= 500:
            raise PlatformDown(f"X is out of order ({status})")
        if not answer.is_json:
            self._judge_no_json(answer)
        if status == 401:
            raise AuthError("X refuses the bearer token (401); make a new one in X's developer console")
        problem = answer.json()
        kind = problem_type(problem)
        if status == 403:
            if kind == "not-authorized-for-resource":
                raise AccountPrivate("X: the account is protected")
            raise PermissionMissing(
                "X: the app behind the bearer token may not read posts (403); enrol it or change its access"
            )
        if status == 404:
            raise AccountNotFound("X knows no such account (404)")
        if status == 451:
            raise AccountPrivate("X withholds the account for legal reasons (451)")
        if status in {400, 422}:
            _judge_refused_question(problem, status)
        if status != 200:
            raise ParseError(f"X answered with status {status}")

    def _judge_too_many(self, answer: Answer) -> None:
        if answer.is_json and problem_type(answer.json()) == "usage-capped":
            raise BudgetExhausted("X: the usage cap of this billing cycle is reached")
        now = self._clock()
        until = reset_time(answer.headers.get("x-rate-limit-reset"), now=now, epoch=True)
        until = until or reset_time(answer.headers.get("retry-after"), now=now, epoch=False)
        raise RateLimited("X asks to wait (429)", until=until)

    @staticmethod
    def _judge_no_json(answer: Answer) -> None:
        if answer.status == 401:
            raise AuthError("X, or a gateway before it, asks for another login (401)")
        if answer.status == 403:
            raise Blocked("X, or a gateway before it, refuses us (403)")
        raise PlatformDown(f"X answered with something other than JSON ({answer.status})")


def _billed(document: dict[str, Any]) -> int:
    """How many things of the kind asked for an answer holds, referenced posts among them."""
    data, includes = document.get("data"), document.get("includes")
    referenced = [includes.get(name) for name in ("tweets", "posts")] if isinstance(includes, dict) else []
    lists = [data if isinstance(data, list) else [data] if data else [], *referenced]
    return sum(len(one) for one in lists if isinstance(one, list))


def problem_type(problem: dict[str, Any]) -> str:
    """The last part of a problem's type address, such as 'resource-not-found'; its host differs between vocabularies."""
    kind = problem.get("type")
    return kind.rpartition("/")[2] if isinstance(kind, str) else ""


def _judge_refused_question(problem: dict[str, Any], status: int) -> None:
    errors = problem.get("errors")
    named = {
        name
        for error in (errors if isinstance(errors, list) else [])
        if isinstance(error, dict) and isinstance(error.get("parameters"), dict)
        for name in error["parameters"]
    }
    if "pagination_token" in named:
        raise StaleToken("X does not know the pagination token")
    if named & _VOCABULARY_PARAMETERS or status == 422:
        raise Outdated(
            f"X does not take the fields that we ask for ({status}); try the other value ('tweet' or 'post') of "
            "NIGHTROUNDS_PLATFORMS__X__VOCABULARY"
        )
    raise ParseError(f"X refused the question ({status})")
