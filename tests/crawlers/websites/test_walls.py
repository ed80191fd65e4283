"""Login forms, bot checks, consent walls, empty frames and soft 404s: never stored, never buried by."""

from __future__ import annotations

from typing import Any

import pytest

from core.errors import AccountPrivate, Blocked
from core.records import GoneReason, Post

WORDS = "<p>The garden of the clinic was opened today by many visitors who came to see its flowers and its old trees.</p>"
PORTAL = "".join(
    f"<p>{words}</p>"
    for words in (
        "Our patients see the flowers of the garden on the portal, and their letters, bills and appointments of the last year.",
        "You may write to the nurses of the clinic here on every weekday, and they will answer you before the evening comes.",
        "Results of the laboratory are shown as soon as a doctor has read them; nobody should learn of them alone.",
        "If you can't reach us this way, telephone 555-0100 between eight and five, or come to the desk in the hall.",
    )
)
LOGIN = "<html><body><h1>Staff portal</h1><form><input name=u><input type=PASSWORD></form></body></html>"
PAGE = "<html><body>{}</body></html>"
WALLS = {
    "cloudflare": ("<html><title>Just a moment...</title></html>", {}, 200, Blocked),
    "header": (PAGE.format("<p>x</p>"), {"cf_mitigated": "challenge"}, 403, Blocked),
    "incapsula": (PAGE.format("<iframe src='/_Incapsula_Resource?x'>Request unsuccessful.</iframe>"), {}, 200, Blocked),
    "checking": (PAGE.format("<h1>site</h1><p>Verifying you are human. This may take a while.</p>"), {}, 200, Blocked),
    "script": (
        PAGE.format("<noscript>You need to enable JavaScript to run this app.</noscript><div id=root>"),
        {},
        200,
        Blocked,
    ),
    "consent": (PAGE.format("<div class='Cookie-Banner'><p>We value your privacy. Accept all?</p></div>"), {}, 200, Blocked),
    "login": (LOGIN, {}, 200, AccountPrivate),
    "login by e-mail": (
        "<title>Sign in</title><form action=/login><h1>Sign in</h1><p>Enter your e-mail</p><input type=email name=u></form>",
        {},
        200,
        AccountPrivate,
    ),
    "login that repeats itself": (
        PAGE.format("<p>" + "Welcome to the staff portal. " * 20 + "</p><form><input name=u><input type=password></form>"),
        {},
        200,
        AccountPrivate,
    ),
    "login by script": (PAGE.format("<div id=app>Please log in to view this page. Forgot it?</div>"), {}, 200, AccountPrivate),
    "members": (
        PAGE.format("<p>Debe iniciar sesi\u00f3n para ver esta p\u00e1gina. Registrarse.</p>"),
        {},
        200,
        AccountPrivate,
    ),
    "membres": (PAGE.format("<p>Vous devez \u00eatre connect\u00e9. Se connecter.</p>"), {}, 200, AccountPrivate),
    "mitglieder": (PAGE.format("<p>Bitte melden Sie sich an.</p><p>Anmelden</p>"), {}, 200, AccountPrivate),
    "membros": (PAGE.format("<p>Voc\u00ea precisa estar logado. Entrar</p>"), {}, 200, AccountPrivate),
    "membri": (PAGE.format("<p>Devi accedere per vedere la pagina. Accedi</p>"), {}, 200, AccountPrivate),
    "handed over": (
        PAGE.format("<form method=POST action='https://id.example/x'><input type=hidden name=SAMLRequest value=abc></form>"),
        {},
        200,
        AccountPrivate,
    ),
    "captcha": (
        PAGE.format("<h2>One more step</h2><p>Please prove that you are not a robot.</p><div class=h-captcha></div>"),
        {},
        200,
        Blocked,
    ),
    "consentement": (
        PAGE.format("<p>Nous utilisons des cookies. Tout accepter. Tout refuser. Avant d'acc&eacute;der au site.</p>"),
        {},
        200,
        Blocked,
    ),
    "paywall": (PAGE.format("<p>Subscribe to continue reading. Already a subscriber? Sign in.</p>"), {}, 200, Blocked),
    "empty frame": (PAGE.format("<div id=root></div><script src=/main.js></script>"), {}, 200, Blocked),
}


def stored(host: str, path: str, revision: str = "page@1") -> Post:
    url = f"http://{host}{path}"
    return Post(platform="website", account_id="a1", native_id=url, url=url, revision=revision)


@pytest.mark.parametrize("name", WALLS)
def test_a_wall_is_no_post_wherever_it_stands(web: Any, crawl_night: Any, due: Any, name: str) -> None:
    body, headers, status, error = WALLS[name]
    host = f"{name.replace(' ', '-')}.walls.example.org"
    web.put(f"{host}/", body, status=status, **headers)
    front = crawl_night(host)
    assert (type(front.error), front.posts) == (error, {})

    host = f"inner.{host}"
    web.put(f"{host}/", f"<html><body>{WORDS}<a href=/wall>On</a><a href=/good>On</a></body></html>")
    web.put(f"{host}/wall", body, status=status, **headers)
    web.put(f"{host}/good", f"<html><body><h1>Good</h1>{WORDS}<p>Open.</p></body></html>")
    night = crawl_night(host, recheck=(due(stored(host, "/wall")),))
    assert night.error is None
    assert set(night.posts) == {f"http://{host}/", f"http://{host}/good"}
    sighting = night.gone[f"http://{host}/wall"]
    assert (sighting.reason, sighting.definite, sighting.path) == (GoneReason.LOGIN_WALL, False, "permalink")
    assert not sighting.reason.buries
    assert "could not be looked at again" in night.notes


@pytest.mark.parametrize(
    "body",
    [
        f"<title>Just a moment for the garden</title><h1>Moment</h1>{WORDS}",
        f"<header><form><input type=password></form></header><h1>News</h1><article>{WORDS * 5}</article>",
        f"<h1>Cookies</h1><article>{WORDS}</article><div id=cookie-bar>We use cookies. Accept all cookies?</div>",
        f"<h1>A phrase</h1><article>{WORDS * 3}<p>'Please enable JavaScript', 'verify you are human'.</p></article>",
        f"<title>How to sign in</title><h1>How to sign in</h1><p>Please log in to see your results.</p>{WORDS}",
        f"<article>{WORDS}</article><form><p>Sign up for our letter. Log in.</p><input type=email name=email></form>",
        f"<h1>Patient portal</h1>{PORTAL}<form><input name=u><input type=password><button>Log in</button></form>",
        f"<h1>Write to us</h1>{WORDS}<form><input name=name><textarea></textarea><div class=g-recaptcha></div></form>",
        f"<div id=root></div><script></script>{WORDS}",
        f"<h1>Cookies</h1><p>We use cookies to remember your language.</p>{WORDS}",
    ],
    ids=[
        "title",
        "login in the header",
        "cookie bar",
        "phrases",
        "article on logging in",
        "letter",
        "portal",
        "contact form",
        "frame beside a page",
        "cookie policy",
    ],
)
def test_what_only_looks_like_a_wall_is_read(web: Any, crawl_night: Any, body: str) -> None:
    web.put("seeming.example.org/", f"<html><body>{body}</body></html>")
    night = crawl_night("seeming.example.org")
    assert night.error is None
    assert "flowers" in next(iter(night.posts.values())).text


def test_a_site_that_answers_200_for_what_it_does_not_have(web: Any, crawl_night: Any, due: Any) -> None:
    host = "soft.example.org"
    lost = (
        "<html><title>Oops</title><body><p>Sorry, {} is not here, error 404. Try the home page or our search.</p></body></html>"
    )

    def answer(handler: Any) -> None:
        body = lost.format(handler.path).encode()
        handler.send_response(200)
        handler.send_header("Content-Type", "text/html")
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    class Answers(dict[str, Any]):
        def get(self, key: str, default: Any = None) -> Any:
            return super().get(key) or (answer if key.startswith(f"{host}/") and "robots" not in key else default)

    kept, web.answers = web.answers, Answers(web.answers)
    try:
        web.put(f"{host}/", f"<html><body>{WORDS}<a href=/good>On</a><a href=/missing>On</a></body></html>")
        web.put(f"{host}/good", f"<html><title>Good</title><body><h1>Good</h1>{WORDS}<p>Sorry, no dogs.</p></body></html>")
        gone = stored(host, "/was-here")
        one = crawl_night(host, recheck=(due(gone),))
        assert set(one.posts) == {f"http://{host}/", f"http://{host}/good"}
        assert (one.gone[gone.native_id].reason, one.gone[gone.native_id].path) == (GoneReason.UNAVAILABLE, "permalink")
        assert one.notes.strip("; ") == ""
        two = crawl_night(host, one.cursor, recheck=(due(gone, "permalink"),))
        assert (two.gone[gone.native_id].path, two.gone[gone.native_id].definite) == ("listing", False)
    finally:
        web.answers = kept


@pytest.mark.parametrize(("status", "definite"), [(404, False), (410, True)])
def test_a_second_sighting_goes_another_way(web: Any, crawl_night: Any, due: Any, status: int, definite: bool) -> None:
    host = f"paths{status}.example.org"
    web.home(host)
    listed = "".join(f"<url><loc>http://{host}/{name}</loc></url>" for name in ("kept", "hidden"))
    web.put(f"{host}/sitemap.xml", f"<urlset>{listed}</urlset>", "application/xml")
    web.put(f"{host}/kept", f"<html><body><h1>Kept</h1>{WORDS}</body></html>")
    web.put(f"{host}/hidden", "gone", status=status)
    web.put(f"{host}/gone", "gone", status=status)
    night = crawl_night(host, recheck=(due(stored(host, "/gone")), due(stored(host, "/hidden"))))
    assert {(g.path, g.definite) for g in night.gone.values()} == {("permalink", definite)}
    again = (due(stored(host, "/gone"), "permalink"), due(stored(host, "/hidden"), "permalink"))
    two = crawl_night(host, night.cursor, recheck=again)
    assert two.gone[f"http://{host}/gone"].path == "listing"
    assert two.gone[f"http://{host}/hidden"].path == "permalink", "the list still holds it: it has nothing new to say"
