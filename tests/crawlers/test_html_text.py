"""HTML as social servers send it, read as plain text: nothing lost, nothing glued together, no depth that breaks it."""

from __future__ import annotations

import time

import pytest

from crawlers._html_text import read_html

SHORT = (
    '<a href="https://x.example/long/path?a=1&amp;b=2" rel="nofollow"><span class="invisible">https://</span>'
    '<span class="ellipsis">x.example/lo</span><span class="invisible">ng/path?a=1&amp;b=2</span></a>'
)


@pytest.mark.parametrize(
    ("markup", "text", "links"),
    [
        ("<p>One</p><p>Two<br>three<br /><br />four</p>", "One\n\nTwo\nthree\n\nfour", ()),
        (f"<p>See {SHORT}.</p>", "See https://x.example/long/path?a=1&b=2.", ("https://x.example/long/path?a=1&b=2",)),
        ('<a href="https://y.example/">our drawing</a>', "our drawing", ("https://y.example/",)),
        ('<a href="https://evil.example/">https://bank.example</a>', "https://bank.example", ("https://evil.example/",)),
        (
            '<span class="h-card"><a href="https://a.example/@u" class="u-url mention">@<span>u</span></a></span> hi',
            "@u hi",
            (),
        ),
        ('<a href="https://a.example/tags/x" class="mention hashtag" rel="tag">#<span>x</span></a>', "#x", ()),
        ("<ul><li>one</li><li>two</li></ul>tail", "- one\n- two\ntail", ()),
        ("a <b>bo</b>ld <i>w</i>ord", "a bold word", ()),
        ("<div>one</div><div>two</div><unknown>three</unknown>four", "one\ntwo\nthree\nfour", ()),
        ("<p>words</p><script>secret()</script><style>p{}</style>", "words", ()),
        ("<pre>a\n  b</pre>", "a\n  b", ()),
        ('<p>Look <img src="x" alt="A cat" /></p>', "Look A cat", ()),
        (
            '<p class="quote-inline">RE: <a href="https://z.example/1">z</a></p><p>words</p>',
            "words",
            ("https://z.example/1",),
        ),
        ("1 &lt; 2 &amp;amp; &#x1F600;", "1 < 2 &amp; 😀", ()),
        ("plain & text < 5", "plain & text < 5", ()),
        ("  <p>  much   \n space </p> ", "much space", ()),
        ('<a href="javascript:alert(1)">x</a><a href="/there">y</a><a>z</a>', "xyz", ()),
        ('<a href="https://q.example">unclosed', "unclosed", ("https://q.example",)),
        ("<!-- c --><p>x</p>", "x", ()),
        ("", "", ()),
        (" \n", "", ()),
        ("<", "<", ()),
    ],
)
def test_html_becomes_what_a_reader_sees(markup, text, links):
    found = read_html(markup)
    assert (found.text, found.links) == (text, links)
    assert repr(found) == "PlainText()", "words stay out of log lines"


@pytest.mark.parametrize("tag", ["div", "b", "blockquote", "a", "ul><li"])
def test_no_depth_hides_a_word(tag):
    words = read_html(f"<{tag}>" * 3000 + "deep" + f"</{tag.split('>')[0]}>" * 3000 + "<p>after</p>").text
    assert "deep" in words
    assert words.endswith("after")


@pytest.mark.parametrize(
    "markup",
    ["<a><p><table>" * 7000, "<a href=x>" * 10_000, "&" * 100_000, "<" * 100_000, "<p" * 50_000, "<pre>a" + " " * 99_000 + "b"],
)
def test_hostile_markup_takes_no_time(markup):
    began = time.monotonic()
    read_html(markup)
    assert time.monotonic() - began < 3


def test_what_no_encoding_knows_is_replaced():
    assert read_html("a\ud800b").text == "a?b"
