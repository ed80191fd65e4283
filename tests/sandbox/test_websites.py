"""The websites: found by Host, each of another making, with validators, robots and the ways in which an article goes."""

from __future__ import annotations

import json
import re
from typing import Any

import feedparser
import httpx
import pytest

from nightrounds.sandbox.platforms._website_markup import Site, is_comment
from nightrounds.sandbox.server import Sandbox
from nightrounds.sandbox.view import view_of
from nightrounds.sandbox.world import load_world

NEWS, STAFF, ROUNDS, HANDS, CLOSED, WALK, BULLETIN = (a.handle.split("//")[1].rstrip("/") for a in load_world().of("website"))
POSTS = "/wp-json/wp/v2/posts"
COMMENTS = "/wp-json/wp/v2/comments"


def get(web: httpx.Client, host: str, path: str, headers: dict[str, str] | None = None, **query: Any) -> httpx.Response:
    return web.get(path, params=query, headers={"Host": host, **(headers or {})})


def titles(name: str, night: int) -> list[str]:
    account = next(a for a in load_world().of("website") if name in a.handle)
    shown = sorted(view_of(night).posts(account), key=lambda s: s.post.at, reverse=True)
    return [item.now.title for item in shown if not is_comment(item.post)]


def path_of(name: str) -> str:
    """The path of an article of the world."""
    shown = view_of(1).by_id[name]
    site = Site(view_of(1).standing(shown.account), view_of(1).ever_posted(shown.account), view_of(1).at)
    return next(article.path for article in site.articles if article.shown.post.id == name)


def test_sites_are_told_apart_by_host_alone(web: httpx.Client) -> None:
    for host in (NEWS, STAFF, ROUNDS, HANDS):
        assert get(web, host, "/").status_code == 200
        assert get(web, f"{host}:80", "/").text == get(web, host, "/").text
        assert get(web, f"{host.split('.')[0]}.localhost", "/").status_code == 200
    directory = web.get("/")
    assert directory.status_code == 404
    assert all(host in directory.text for host in (NEWS, STAFF, ROUNDS, HANDS, CLOSED))


def test_robots(web: httpx.Client) -> None:
    assert get(web, CLOSED, "/robots.txt").text == "User-agent: *\nDisallow: /\n"
    assert f"Sitemap: http://{NEWS}/wp-sitemap.xml" in get(web, NEWS, "/robots.txt").text
    assert "Disallow: /drafts/" in get(web, HANDS, "/robots.txt").text


def test_wordpress_tells_of_its_api_and_feed(web: httpx.Client) -> None:
    home = get(web, NEWS, "/")
    assert 'rel="https://api.w.org/"' in home.headers["link"]
    assert f'href="http://{NEWS}/feed/"' in home.text
    assert get(web, NEWS, "/wp-json/").json()["namespaces"] == ["oembed/1.0", "wp/v2"]
    assert get(web, NEWS, "/wp-json/wp/v2/nothing").json()["code"] == "rest_no_route"


def test_wordpress_names_its_sitemap_in_an_index_and_has_no_pages(web: httpx.Client) -> None:
    inner = re.findall(r"<loc>http://[^/]+(/[^<]+)</loc>", get(web, NEWS, "/wp-sitemap.xml").text)
    assert len(inner) == 1
    articles = re.findall(r"<loc>http://[^/]+(/2026/[^<]+)</loc>", get(web, NEWS, inner[0]).text)
    assert len(articles) == len(titles("news", 1))
    assert get(web, NEWS, "/wp-json/wp/v2/pages", per_page=50).json() == []
    assert get(web, NEWS, "/wp-json/wp/v2/pages", per_page=500).status_code == 400
    assert get(web, NEWS, "/about/").status_code == 404


def test_wordpress_pages_with_totals_and_ends_with_a_400(web: httpx.Client) -> None:
    found = []
    for page in (1, 2, 3):
        answer = get(web, NEWS, POSTS, per_page=5, page=page)
        found += [post["title"]["rendered"] for post in answer.json()]
        assert answer.headers["x-wp-totalpages"] == "3"
        assert ("link" in answer.headers) == (page < 3)
        assert "etag" not in answer.headers
    assert found == titles("news", 1)
    past = get(web, NEWS, POSTS, per_page=5, page=4)
    assert (past.status_code, past.json()["code"]) == (400, "rest_post_invalid_page_number")


def test_wordpress_sorts_and_filters_by_change(sandbox: Sandbox, web: httpx.Client) -> None:
    sandbox.night = 2
    query = {"orderby": "modified", "order": "desc", "modified_after": "2026-11-16T23:00:00Z"}
    posts = get(web, NEWS, POSTS, **query).json()
    assert [post["title"]["rendered"] for post in posts] == [
        "Snow plan: what is open and how to reach us",
        "New garden for rehabilitation opens on Friday",
    ]
    assert posts[1]["modified_gmt"] > posts[1]["date_gmt"]
    assert posts[1]["slug"] == "new-garden-for-rehabilitation-opens-on-thursday", "an address outlives its title"


def test_wordpress_sweeps_by_id_and_chooses_fields(sandbox: Sandbox, web: httpx.Client) -> None:
    posts = get(web, NEWS, POSTS, per_page=100).json()
    gone = next(post for post in posts if post["title"]["rendered"] == "Thanksgiving parking plan")
    ids = ",".join(str(post["id"]) for post in posts[:12])
    sandbox.night = 2
    left = get(web, NEWS, POSTS, include=ids, _fields="id,modified_gmt", per_page=100).json()
    assert all(set(post) == {"id", "modified_gmt"} for post in left)
    assert gone["id"] not in {post["id"] for post in left}
    assert get(web, NEWS, f"{POSTS}/{gone['id']}").json()["code"] == "rest_forbidden"
    assert get(web, NEWS, f"{POSTS}/{gone['id']}").status_code == 401
    assert get(web, NEWS, f"{POSTS}/1").json()["code"] == "rest_post_invalid_id"
    assert get(web, NEWS, gone["link"].removeprefix(f"http://{NEWS}")).status_code == 404


@pytest.mark.parametrize(
    "query",
    [
        {"per_page": "101"},
        {"per_page": "x"},
        {"page": "0"},
        {"orderby": "mood"},
        {"order": "up"},
        {"after": "then"},
        {"include": "a"},
    ],
    ids=str,
)
def test_wordpress_refuses_wrong_parameters(web: httpx.Client, query: dict[str, str]) -> None:
    answer = get(web, NEWS, POSTS, **query)
    assert (answer.status_code, answer.json()["code"]) == (400, "rest_invalid_param")


@pytest.mark.parametrize(
    ("host", "path", "version"),
    [(NEWS, "/feed/", "rss20"), (NEWS, "/feed/atom/", "atom10"), (STAFF, "/atom.xml", "atom10"), (ROUNDS, "/rss.xml", "rss20")],
)
def test_feeds_are_well_formed_and_hold_the_newest_ten(web: httpx.Client, host: str, path: str, version: str) -> None:
    feed = feedparser.parse(get(web, host, path).content)
    assert (feed.bozo, feed.version) == (False, version)
    wanted = titles(host.split(".")[0], 1)
    assert [entry.title for entry in feed.entries] == wanted[:10]
    assert len({entry.id for entry in feed.entries}) == len(feed.entries)
    for entry in feed.entries:
        assert entry.link.startswith(f"http://{host}/")
        assert entry.content[0].value.startswith("<p>")
        assert ("updated" in entry) == (version == "atom10")
        assert get(web, host, entry.link.removeprefix(f"http://{host}")).status_code == 200


def test_atom_tells_an_edit_and_rss_does_not(sandbox: Sandbox, web: httpx.Client) -> None:
    def entry(host: str, path: str, title: str) -> Any:
        feed = feedparser.parse(get(web, host, path).content)
        return next(e for e in feed.entries if e.title == title)

    sandbox.night = 2
    atom, rss = entry(STAFF, "/atom.xml", "Words that I'd ban"), entry(ROUNDS, "/rss.xml", "Journal club moves to Wednesdays")
    assert atom.updated > atom.published
    assert "falafel" in rss.content[0].value
    assert "updated" not in rss


@pytest.mark.parametrize(
    ("host", "path"),
    [(NEWS, "/feed/"), (STAFF, "/atom.xml"), (ROUNDS, "/rss.xml"), (HANDS, "/stories/welcome-to-caring-hands.html")],
)
def test_a_copy_that_is_still_good_is_a_304(web: httpx.Client, host: str, path: str) -> None:
    first = get(web, host, path)
    etag, modified = first.headers["etag"], first.headers["last-modified"]
    for headers in ({"If-None-Match": etag}, {"If-None-Match": f'"other", W/{etag}'}, {"If-Modified-Since": modified}):
        again = get(web, host, path, headers)
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == etag
    for headers in (
        {"If-None-Match": '"other"'},
        {"If-None-Match": '"other"', "If-Modified-Since": modified},
        {"If-Modified-Since": "Mon, 01 Jan 2001 00:00:00 GMT"},
        {"If-Modified-Since": "soon"},
    ):
        assert get(web, host, path, headers).status_code == 200


def test_a_304_hides_an_edit_and_a_deletion(sandbox: Sandbox, web: httpx.Client) -> None:
    before = get(web, ROUNDS, "/rss.xml")
    sandbox.night = 2
    assert get(web, ROUNDS, "/rss.xml", {"If-None-Match": before.headers["etag"]}).status_code == 304
    after = get(web, ROUNDS, "/rss.xml")
    assert "Lost umbrella" in before.text
    assert "Lost umbrella" not in after.text
    assert "falafel" in after.text


@pytest.mark.parametrize(
    ("host", "name", "status"),
    [(STAFF, "ws-removed", 404), (ROUNDS, "wr-removed", 410), (HANDS, "wh-removed", 404), (WALK, "ww-parking", 410)],
)
def test_what_is_taken_down(sandbox: Sandbox, web: httpx.Client, host: str, name: str, status: int) -> None:
    path = path_of(name)
    assert get(web, host, path).status_code == 200
    sandbox.night = 2
    assert get(web, host, path).status_code == status


def test_the_static_site_lists_all_pages_in_its_sitemap(web: httpx.Client) -> None:
    sitemap = get(web, HANDS, "/sitemap.xml").text
    pages = re.findall(r"<loc>http://[^/]+(/stories/[^<]+)</loc>", sitemap)
    assert len(pages) == len(titles("caring-hands", 1))
    assert all(get(web, HANDS, page).status_code == 200 for page in pages)
    assert get(web, STAFF, "/sitemap.xml").status_code == 404


def test_the_static_sites_pages_are_of_mixed_making(web: httpx.Client) -> None:
    sitemap = get(web, HANDS, "/sitemap.xml").text
    pages = [get(web, HANDS, path) for path in re.findall(r"<loc>http://[^/]+(/stories/[^<]+)</loc>", sitemap)]
    blocks = [re.search(r'<script type="application/ld\+json">(.*?)</script>', page.text, re.S) for page in pages]
    broken = 0
    for block in blocks:
        assert block is not None
        try:
            assert json.loads(block[1])["@type"] == "Article"
        except json.JSONDecodeError:
            broken += 1
    assert 0 < broken < len(pages)
    latin = [page for page in pages if "charset" not in page.headers["content-type"]]
    assert len(latin) == 1
    assert "iso-8859-1" in latin[0].content.decode("ascii", "replace")
    assert "¡Ni el cirujano!" in latin[0].content.decode("iso-8859-1")


def test_pictures_keep_their_descriptions(web: httpx.Client) -> None:
    page = get(web, HANDS, path_of("wh-room"))
    assert 'alt="Two old hands on a white sheet; the wristband reads STRAND-MOREAU, EZEKIEL 04/30/1936"' in page.text


def test_the_about_page_carries_the_disclaimer(web: httpx.Client) -> None:
    assert "The views expressed are my own" in get(web, STAFF, "/about/").text


def test_comments_are_listed_as_wordpress_lists_them(sandbox: Sandbox, web: httpx.Client) -> None:
    answer = get(web, NEWS, COMMENTS, per_page=100, order="asc")
    comments = answer.json()
    assert answer.headers["x-wp-total"] == str(len(comments))
    assert [comment["date_gmt"] for comment in comments] == sorted(comment["date_gmt"] for comment in comments)
    own = [comment for comment in comments if comment["author"]]
    assert len(own) == 4
    assert all(comment["parent"] in {other["id"] for other in comments} for comment in own)
    assert sum(not comment["author"] and "Ansel" in comment["content"]["rendered"] for comment in comments) == 1
    few = get(web, NEWS, COMMENTS, include=str(own[0]["id"]), _fields="id,author").json()
    assert few == [{"id": own[0]["id"], "author": 1}]
    gone = max(own, key=lambda comment: comment["id"])["id"]
    sandbox.night = 2
    assert gone not in {comment["id"] for comment in get(web, NEWS, COMMENTS, per_page=100).json()}
    assert (get(web, NEWS, f"{COMMENTS}/{gone}").status_code, get(web, NEWS, f"{COMMENTS}/1").status_code) == (401, 404)


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"author": "1"}, 401),
        ({"status": "hold"}, 401),
        ({"orderby": "mood"}, 400),
        ({"per_page": "101"}, 400),
        ({"include": "a"}, 400),
    ],
    ids=str,
)
def test_comments_refuse_what_wordpress_refuses(web: httpx.Client, query: dict[str, str], status: int) -> None:
    assert get(web, NEWS, COMMENTS, **query).status_code == status


def test_the_microsite_is_reached_by_its_own_links_alone(web: httpx.Client) -> None:
    for path in ("/sitemap.xml", "/feed/", "/atom.xml"):
        assert get(web, WALK, path).status_code == 404
    found, waiting = set(), ["/"]
    while waiting:
        path = waiting.pop()
        if path in found:
            continue
        found.add(path)
        links = re.findall(r'<li><a href="([^"?#]+)', get(web, WALK, path).text)
        waiting += [link for link in links if link not in found]
    assert found == {path_of(name) for name in view_of(1).by_id if name.startswith("ww-") and name != "ww-thanks"}
    assert len(found) == len(titles("heart-walk", 1)) >= 6


def test_the_bulletin_answers_200_to_everything(web: httpx.Client) -> None:
    for path, query in (("/feed/", {}), ("/sitemap.xml", {}), ("/nowhere", {}), ("/notice.php", {"id": "999"})):
        page = get(web, BULLETIN, path, **query)
        assert page.status_code == 200
        assert "There is no notice" in page.text
    listed = re.findall(r'class="row"', get(web, BULLETIN, "/").text + get(web, BULLETIN, "/", page=2).text)
    assert len(listed) == len(titles("surgery-bulletin", 1))
    path, _, number = path_of("wb-removed").partition("?id=")
    assert "Size 9, green" in get(web, BULLETIN, path, id=number).text
