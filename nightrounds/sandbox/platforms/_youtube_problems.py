"""Google's error envelope: the old list of reasons beside the new details, with the status that YouTube gives each."""

from __future__ import annotations

from typing import Any

from nightrounds.sandbox.answers import Answer, json_answer


class YouTubeError(Exception):
    """A question that the Data API refuses."""

    def __init__(
        self,
        status: int,
        reason: str,
        message: str,
        *,
        domain: str = "youtube.parameter",
        name: str = "",
        details: list[dict[str, Any]] | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.reason, self.domain, self.name, self.details = status, reason, domain, name, details

    def answer(self, headers: dict[str, str] | None = None) -> Answer:
        error: dict[str, Any] = {
            "code": self.status,
            "message": str(self),
            "errors": [{"message": str(self), "domain": self.domain, "reason": self.reason}],
        }
        if self.name:
            error["status"] = self.name
        if self.details:
            error["details"] = self.details
        return json_answer({"error": error}, self.status, {"vary": "Origin, X-Origin, Referer", **(headers or {})})


def _info(reason: str, **metadata: str) -> list[dict[str, Any]]:
    kind = "type.googleapis.com/google.rpc.ErrorInfo"
    service = {"service": "youtube.googleapis.com"}
    return [{"@type": kind, "reason": reason, "domain": "googleapis.com", "metadata": service | metadata}]


def key_invalid() -> YouTubeError:
    message = "API key not valid. Please pass a valid API key."
    details = _info("API_KEY_INVALID")
    return YouTubeError(400, "badRequest", message, domain="global", name="INVALID_ARGUMENT", details=details)


def no_key() -> YouTubeError:
    message = "Method doesn't allow unregistered callers (callers without established identity)."
    return YouTubeError(403, "forbidden", message, domain="global", name="PERMISSION_DENIED")


def token_invalid() -> YouTubeError:
    message = "Request had invalid authentication credentials. Expected OAuth 2 access token."
    return YouTubeError(401, "authError", message, domain="global", name="UNAUTHENTICATED")


def not_configured() -> YouTubeError:
    message = "YouTube Data API v3 has not been used in project 1 before or it is disabled."
    details = _info("SERVICE_DISABLED", consumer="projects/1")
    return YouTubeError(403, "accessNotConfigured", message, domain="usageLimits", name="PERMISSION_DENIED", details=details)


def quota_exceeded() -> YouTubeError:
    message = (
        'The request cannot be completed because you have exceeded your <a href="/youtube/v3/getting-started#quota">quota</a>.'
    )
    return YouTubeError(403, "quotaExceeded", message, domain="youtube.quota")


def too_fast() -> YouTubeError:
    message = "Quota exceeded for quota metric 'Queries' and limit 'Queries per minute' of service 'youtube.googleapis.com'."
    details = _info("RATE_LIMIT_EXCEEDED", quota_limit="defaultPerMinutePerProject", consumer="projects/1")
    return YouTubeError(429, "rateLimitExceeded", message, domain="global", name="RESOURCE_EXHAUSTED", details=details)


def backend_error() -> YouTubeError:
    return YouTubeError(503, "backendError", "Service unavailable. Please try again.", domain="global", name="UNAVAILABLE")


def invalid_parameter(name: str) -> YouTubeError:
    return YouTubeError(400, "invalidParameter", f"Invalid value or unknown name for the parameter {name}", domain="global")


def missing_parameter(name: str) -> YouTubeError:
    return YouTubeError(400, "missingRequiredParameter", f"Missing required parameter: {name}", domain="global")


def playlist_not_found() -> YouTubeError:
    message = "The playlist identified with the request's <code>playlistId</code> parameter cannot be found."
    return YouTubeError(404, "playlistNotFound", message, domain="youtube.playlistItem")


def playlist_not_accessible() -> YouTubeError:
    message = "The request is not properly authorized to retrieve the specified playlist."
    return YouTubeError(403, "playlistItemsNotAccessible", message, domain="youtube.playlistItem")


def page_token() -> YouTubeError:
    return YouTubeError(400, "invalidPageToken", "The request specifies an invalid page token.")


def video_not_found() -> YouTubeError:
    message = "The video identified by the <code>videoId</code> parameter could not be found."
    return YouTubeError(404, "videoNotFound", message, domain="youtube.caption")


def caption_not_found() -> YouTubeError:
    message = "The caption track could not be found."
    return YouTubeError(404, "captionNotFound", message, domain="youtube.caption")


def captions_forbidden() -> YouTubeError:
    message = "The permissions associated with the request are not sufficient to download the caption track."
    return YouTubeError(403, "forbidden", message, domain="youtube.caption")
