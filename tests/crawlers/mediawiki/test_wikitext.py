"""Wikitext as a reader sees it, and hostile wikitext in bounded time."""

from __future__ import annotations

import time

import pytest

from crawlers._mediawiki.wikitext import Picture, plain_text

READS = [
    ("'''Bold''' and ''italic''.", "Bold and italic."),
    ("It's the nurses' lounge.", "It's the nurses' lounge."),
    ("Ask [[Front desk|the ''desk'']] or [[Ward 5]].", "Ask the desk or Ward 5."),
    ("[[:Category:Staff]] [[Category:Staff]]end", "Category:Staff end"),
    ("== Hours ==\nNine to five.\n=== More ===", "Hours\nNine to five.\nMore"),
    ("* one\n** two\n# three\n: four\n; five", "one\ntwo\nthree\nfour\nfive"),
    ("before<!-- {{ hidden [[ -->after", "beforeafter"),
    ("before <!-- never closed", "before"),
    ("A fact.<ref name=a>See the ''paper''.</ref> Another.<ref name=a />", "A fact. Another.\n\nSee the paper."),
    ("<nowiki>'''as it [[is]]''' &amp; {{stays}}</nowiki>", "'''as it [[is]]''' & {{stays}}"),
    ("<pre>\n  two\n</pre>", "two"),
    ("9&nbsp;to 5 &lt;b&gt; &#39;x&#39;", "9\xa0to 5 <b> 'x'"),
    ("one<br>two<br/>three <b>four</b> <span style='x'>five</span>", "one\ntwo\nthree four five"),
    ("__NOTOC__Words __TOC__", "Words"),
    ("----\nBelow", "Below"),
    ("{{Case|ward=7 West|mrn = 4417702}}", "ward: 7 West; mrn: 4417702"),
    ("{{Case\n| patient name = A. Nobody\n| room = 512\n}}", "patient name: A. Nobody\nroom: 512"),
    ("{{lang|es|hola}}, {{Quote|1=spoken}}", "es hola, spoken"),
    ("{{outer|{{inner|deep [[link|words]]}}}}", "deep words"),
    ("{{#if: x | shown | other }}", "x shown other"),
    ("{{TOC}}text", "text"),
    ("a {{!}} b | c", "a | b | c"),
    ("unclosed {{template | [[link", "unclosed {{template | [[link"),
    ("closed }} ]] only", "closed }} ]] only"),
    ("[mailto:desk@harbor.example the desk] [tel:2125550100]", "the desk (desk@harbor.example) 2125550100"),
    ("[[Image:Door.png|thumb|200px|The ''door'']]", "The door"),
    ("[[Archivo:Door.png|thumb|La puerta]]", "La puerta"),
]


@pytest.mark.parametrize(("wikitext", "text"), READS, ids=[words[:25] for words, _ in READS])
def test_markup_is_read_away(wikitext, text):
    read = plain_text(wikitext, {"file": 6, "image": 6, "archivo": 6, "category": 14}).text
    assert read.split() == text.split()
    if "\n" in text:
        assert [line.strip() for line in read.splitlines()] == text.splitlines()


def test_a_table_is_told_row_by_row():
    table = """Before
{| class="wikitable" style="x"
|+ Beds
! Ward !! scope="col" | Beds
|-
| style="color:red" | Five || 12
|-
| [[Ward 6|Six]]
| 3<br>and more
going on
|}
After"""
    assert plain_text(table).text.splitlines() == [
        "Before",
        "Beds",
        "Ward | Beds",
        "Five | 12",
        "Six | 3 and more going on",
        "After",
    ]


def test_links_lead_out_of_the_wiki():
    read = plain_text(
        "[https://a.example/x?b=1&amp;c=2 here] [//b.example/ there], https://c.example/d. {{cite|url=https://e.example/f}}"
    )
    assert read.links == ("https://a.example/x?b=1&c=2", "https://b.example/", "https://c.example/d", "https://e.example/f")
    assert read.text == "here there, https://c.example/d. url: https://e.example/f"


def test_pictures_keep_their_descriptions():
    gallery = "<gallery>\nFile:B.png|First\nC.png|alt=Second\n</gallery>"
    read = plain_text(f"[[File:Ward_door.png|thumb|right|alt=A ''closed'' door|upright=1.2]]\n{gallery}")
    assert set(read.pictures) == {
        Picture(name="Ward door.png", alt_text="A closed door"),
        Picture(name="B.png", alt_text=""),
        Picture(name="C.png", alt_text="Second"),
    }
    assert read.text == "First"


HOSTILE = [
    "{{" * 500_000, "{{a|" * 200_000 + "}}" * 200_000, "[[" * 500_000, "<ref>" * 200_000, "<!--" * 300_000, "|" * 10**6,
    "{|\n" * 200_000, "'" * 10**6, "[http://a " * 100_000, "<a" * 500_000, "{|\n|" + "a\n" * 400_000, "=" * 10**6,
    "{{a|" + "[[b|c]]" * 100_000 + "}}", "__A" * 200_000, "{|\n" + ("| " + "a=b " * 90 + "c|d\n") * 1000, "<nowiki>" * 100_000,
    "[[File:a|" + "x|" * 200_000 + "]]", "<gallery>" + "\nFile:a|b" * 50_000 + "</gallery>", "https://" * 100_000, "&" * 10**6,
    "<br " * 200_000, "\x7f1\x7f" * 100_000 + "&#127;99&#127;", "[[File:x|upright" + " " * 200_000 + "y]]",
]  # fmt: skip


@pytest.mark.parametrize("wikitext", HOSTILE, ids=[repr(words[:12]) for words in HOSTILE])
def test_hostile_wikitext_takes_no_longer_than_its_length(wikitext):
    started = time.process_time()
    plain_text(wikitext)
    assert time.process_time() - started < 5
