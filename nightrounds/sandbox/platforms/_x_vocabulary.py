"""The two vocabularies of X API v2: which parameters and values each takes, and what the new one renames.

From the published OpenAPI descriptions 2.166 (tweet vocabulary) and 2.167 of 2026-08-07 (post vocabulary).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_SHARED_POST_FIELDS = _words(
    "article attachments card_uri community_id context_annotations conversation_id created_at display_text_range "
    "edit_controls entities geo id lang matched_media_notes media_metadata non_public_metrics "
    "note_request_suggestions organic_metrics paid_partnership possibly_sensitive promoted_metrics public_metrics "
    "reply_settings scopes source suggested_source_links suggested_source_links_with_counts text withheld"
)
_SHARED_USER_FIELDS = _words(
    "confirmed_email connection_status created_at description entities id is_identity_verified location name "
    "parody profile_banner_url profile_image_url protected public_metrics receives_your_dm subscription "
    "subscription_type url username verified verified_followers_count verified_type withheld"
)
_SHARED_EXPANSIONS = _words(
    "article.cover_media article.media_entities attachments.media_keys attachments.media_source_tweet "
    "attachments.poll_ids author_id entities.mentions.username geo.place_id in_reply_to_user_id"
)
_OTHER_FIELDS: Mapping[str, frozenset[str]] = {
    "media.fields": _words(
        "alt_text duration_ms height media_key non_public_metrics organic_metrics preview_image_url promoted_metrics "
        "public_metrics type url variants width"
    ),
    "poll.fields": _words("duration_minutes end_datetime id options voting_status"),
    "place.fields": _words("contained_within country country_code full_name geo id name place_type"),
}


@dataclass(frozen=True)
class Vocabulary:
    """One vocabulary. `implied` are the fields of a post that an expansion brings along."""

    name: str
    fields_parameter: str
    post_fields: frozenset[str]
    user_fields: frozenset[str]
    expansions: frozenset[str]
    user_expansions: frozenset[str]
    default_fields: frozenset[str]
    implied: Mapping[str, str]
    renamed: Mapping[str, str]
    problems: str  # where its problem types live
    noun: str

    def allowed(self, parameter: str, *, of_user: bool) -> frozenset[str] | None:
        """The values that a list parameter takes; None where this vocabulary knows no such parameter."""
        if parameter == "expansions":
            return self.user_expansions if of_user else self.expansions
        known = {self.fields_parameter: self.post_fields, "user.fields": self.user_fields}
        if parameter in known:
            return known[parameter]
        return None if of_user else _OTHER_FIELDS.get(parameter)

    def rename(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """An object in this vocabulary's words."""
        return {
            self.renamed.get(key, key): self.rename(value) if key == "public_metrics" else value for key, value in data.items()
        }


TWEET = Vocabulary(
    name="tweet",
    fields_parameter="tweet.fields",
    post_fields=_SHARED_POST_FIELDS
    | {"author_id", "edit_history_tweet_ids", "in_reply_to_user_id", "note_tweet", "referenced_tweets"},
    user_fields=_SHARED_USER_FIELDS | {"affiliation", "most_recent_tweet_id", "pinned_tweet_id"},
    expansions=_SHARED_EXPANSIONS
    | {
        "edit_history_tweet_ids",
        "entities.note.mentions.username",
        "referenced_tweets.id",
        "referenced_tweets.id.attachments.media_keys",
        "referenced_tweets.id.author_id",
    },
    user_expansions=frozenset({"affiliation.user_id", "most_recent_tweet_id", "pinned_tweet_id"}),
    default_fields=frozenset({"id", "text", "edit_history_tweet_ids"}),
    implied={
        "author_id": "author_id",
        "in_reply_to_user_id": "in_reply_to_user_id",
        "attachments.media_keys": "attachments",
        "entities.mentions.username": "entities",
        "edit_history_tweet_ids": "edit_history_tweet_ids",
        "referenced_tweets.id": "referenced_tweets",
        "referenced_tweets.id.author_id": "referenced_tweets",
        "referenced_tweets.id.attachments.media_keys": "referenced_tweets",
    },
    renamed={},
    problems="https://api.twitter.com/2/problems/",
    noun="tweet",
)
POST = Vocabulary(
    name="post",
    fields_parameter="post.fields",
    post_fields=_SHARED_POST_FIELDS | {"article_title", "note_post"},
    user_fields=_SHARED_USER_FIELDS | {"subscribes_to_you"},
    expansions=_SHARED_EXPANSIONS | {"edit_history_post_ids", "referenced_posts", "username"},
    user_expansions=frozenset({"affiliation", "most_recent_post_id", "pinned_post_id"}),
    default_fields=frozenset({"id", "text"}),
    implied={
        "author_id": "author_id",
        "username": "author_id",
        "in_reply_to_user_id": "in_reply_to_user_id",
        "attachments.media_keys": "attachments",
        "entities.mentions.username": "entities",
        "edit_history_post_ids": "edit_history_tweet_ids",
        "referenced_posts": "referenced_tweets",
    },
    renamed={
        "edit_history_tweet_ids": "edit_history_post_ids",
        "note_tweet": "note_post",
        "referenced_tweets": "referenced_posts",
        "retweet_count": "repost_count",
        "tweet_count": "post_count",
        "tweets": "posts",
    },
    problems="https://api.x.com/2/problems/",
    noun="post",
)


def spoken(parameters: Mapping[str, str], offered: str) -> Vocabulary:
    """The vocabulary of a request. Where both are offered it is the one whose own words the request uses, else the old one."""
    if offered != "both":
        return {"tweet": TWEET, "post": POST}[offered]
    own = POST.expansions | POST.user_expansions
    asked = set(parameters.get("expansions", "").split(",")) - {""}
    new_words = asked & (own - TWEET.expansions - TWEET.user_expansions)
    return POST if "post.fields" in parameters or (new_words and "tweet.fields" not in parameters) else TWEET
