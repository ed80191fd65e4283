"""The body of an answer that holds posts: `data`, what the expansions add in `includes`, and problems about single posts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from nightrounds.sandbox.platforms import _x_problems as problems
from nightrounds.sandbox.platforms._x_objects import Tweet, Writer, elsewhere_id, user_id, version_id
from nightrounds.sandbox.platforms._x_requests import Wanted
from nightrounds.sandbox.platforms._x_vocabulary import Vocabulary
from nightrounds.sandbox.view import Scene, Shown, Standing
from nightrounds.sandbox.world import Elsewhere, State

_REFERENCES = frozenset({"referenced_tweets.id", "referenced_tweets.id.author_id", "referenced_posts"})


def by_user_id(scene: Scene) -> dict[str, Standing]:
    return {user_id(s.account.key, s.account.joined): s for s in scene.accounts("x")}


def chosen(data: dict[str, Any], fields: frozenset[str], vocabulary: Vocabulary) -> dict[str, Any]:
    """The fields that were asked for, in the vocabulary's words."""
    return vocabulary.rename({key: value for key, value in data.items() if key in fields})


def written(scene: Scene, writer: Writer, want: Wanted, tweets: list[Tweet]) -> dict[str, Any]:
    """`data`, `includes` and `errors` of an answer that holds these posts."""
    vocabulary, expansions = want.vocabulary, want.expansions
    referenced, errors = _referenced(scene, writer, want, tweets)
    included = dict(referenced) if expansions & _REFERENCES else {}
    if expansions & {"edit_history_tweet_ids", "edit_history_post_ids"}:
        included |= _earlier_versions(scene, writer, tweets)
    users: dict[str, dict[str, Any]] = {}
    known = by_user_id(scene)
    strangers = {t.author_id: writer.stranger(by) for t, by in _strangers(scene, writer, tweets)}

    def add_user(wanted_id: str | None) -> None:
        if wanted_id in known:
            users[wanted_id] = writer.user(known[wanted_id])
        elif wanted_id in strangers:
            users[wanted_id] = strangers[wanted_id]

    for tweet in tweets:
        if expansions & {"author_id", "username"}:
            add_user(tweet.author_id)
        if "in_reply_to_user_id" in expansions:
            add_user(tweet.data.get("in_reply_to_user_id"))
        if "entities.mentions.username" in expansions:
            for mention in tweet.data.get("entities", {}).get("mentions", []):
                add_user(mention.get("id"))
    if expansions & {"referenced_tweets.id.author_id", "referenced_posts"}:
        for tweet in referenced.values():
            add_user(tweet.author_id)
    media = [picture for tweet in tweets for picture in tweet.media] if "attachments.media_keys" in expansions else []
    if "referenced_tweets.id.attachments.media_keys" in expansions:
        media += [picture for tweet in referenced.values() for picture in tweet.media]
    includes = {
        "users": [chosen(user, want.user_fields, vocabulary) for user in users.values()],
        "tweets": [chosen(tweet.data, want.post_fields, vocabulary) for tweet in included.values()],
        "media": [{key: value for key, value in picture.items() if key in want.media_fields} for picture in media],
    }
    return {
        "data": [chosen(tweet.data, want.post_fields, vocabulary) for tweet in tweets],
        "includes": vocabulary.rename({key: value for key, value in includes.items() if value}),
        "errors": errors,
    }


def _targets(scene: Scene, tweets: list[Tweet]) -> Iterable[tuple[Shown, Elsewhere | str]]:
    authors = by_user_id(scene)
    by_version = {
        version_id(s, n): s for a in authors.values() for s in scene.view.posts(a.account) for n in range(len(s.versions))
    }
    for tweet in tweets:
        shown = by_version[tweet.id]
        for target in (shown.post.reply_to, shown.post.quote, shown.post.repost):
            if target is not None:
                yield shown, target


def _referenced(
    scene: Scene, writer: Writer, want: Wanted, tweets: list[Tweet]
) -> tuple[dict[str, Tweet], list[dict[str, Any]]]:
    """The posts that these refer to, and a problem for each that can't be read."""
    found: dict[str, Tweet] = {}
    errors = []
    asked = sorted(want.expansions & _REFERENCES)
    for shown, target in _targets(scene, tweets):
        if isinstance(target, Elsewhere):
            tweet = writer.elsewhere(shown, target)
            if not target.gone:
                found[tweet.id] = tweet
            elif asked:
                errors.append(problems.not_found(want.vocabulary, "post", asked[0], elsewhere_id(shown, target)))
            continue
        original = scene.view.by_id[target]
        state = scene.standing(original.account).state
        if not original.gone and state is State.LIVE:
            found[version_id(original, -1)] = writer.tweet(original)
        elif asked:
            problem = problems.not_found if original.gone else problems.not_authorized
            errors.append(problem(want.vocabulary, "post", asked[0], version_id(original, -1)))
    return found, errors


def _strangers(scene: Scene, writer: Writer, tweets: list[Tweet]) -> Iterable[tuple[Tweet, str]]:
    for shown, target in _targets(scene, tweets):
        if isinstance(target, Elsewhere) and writer.account_of(target.by) is None:
            yield writer.elsewhere(shown, target), target.by


def _earlier_versions(scene: Scene, writer: Writer, tweets: list[Tweet]) -> dict[str, Tweet]:
    earlier = {}
    for standing in scene.accounts("x"):
        for shown in scene.view.posts(standing.account):
            for version in range(len(shown.versions) - 1):
                if any(tweet.id == version_id(shown, -1) for tweet in tweets):
                    earlier[version_id(shown, version)] = writer.tweet(shown, version)
    return earlier
