"""Builds detectors/_data/slurs.tsv: words that are used to demean people for what they are.

    python training/gazetteers/build_slurs.py ../shared/data/profanity/profanity_en.csv detectors/_data/slurs.tsv

Of Surge AI's profanity list (MIT) only forms of the words below are kept: most of that list is mere profanity, and some of it
names groups in words that they use themselves. Forms with figures or signs for letters are left out, because the detector
undoes them. Spanish words and what the list lacks stand in slurs_by_hand.yaml. The same input gives the same bytes.

One line a form: the form, the trait that it attacks, and its standing. `slur` is hardly used otherwise; `perhaps` has other
senses (a coon cat, transmission fluid, somebody's surname) or is used by the group itself, and needs a sign beside it.
"""

from __future__ import annotations

import csv
import re
import sys
from pathlib import Path

import yaml

# The list's own word for a family of forms: the trait, and how the forms stand.
FAMILIES = {
    "abeed": ("race", "slur"), "bean queen": ("origin", "perhaps"), "beaner": ("origin", "slur"),
    "blacky": ("race", "perhaps"), "coon": ("race", "perhaps"), "camel jockey": ("origin", "slur"),
    "chink": ("race", "perhaps"), "chingchong": ("race", "slur"), "coolie": ("origin", "perhaps"),
    "cotton picker": ("race", "perhaps"), "dago": ("origin", "slur"), "darky": ("race", "slur"), "dothead": ("origin", "slur"),
    "gook": ("race", "slur"), "groid": ("race", "slur"), "gypsy": ("origin", "perhaps"), "hebe": ("religion", "slur"),
    "nigger": ("race", "slur"), "injun": ("race", "slur"), "jap": ("origin", "perhaps"), "jew": ("religion", "slur"),
    "jiggaboo": ("race", "slur"), "kike": ("religion", "slur"), "negro": ("race", "perhaps"),
    "oven dodger": ("religion", "slur"), "paki": ("origin", "perhaps"), "porch monkey": ("race", "slur"),
    "raghead": ("religion", "slur"), "redskin": ("race", "perhaps"), "monkey": ("race", "slur"),
    "sambo": ("race", "perhaps"), "slant eye": ("race", "slur"), "spic": ("origin", "slur"), "spook": ("race", "perhaps"),
    "tacohead": ("origin", "slur"), "tar-baby": ("race", "perhaps"), "towelhead": ("religion", "slur"),
    "wetback": ("origin", "slur"), "wop": ("origin", "perhaps"), "zipperhead": ("race", "slur"),
    "mongoloid": ("disability", "perhaps"), "mong": ("disability", "perhaps"), "carpet muncher": ("orientation", "slur"),
    "dyke": ("orientation", "perhaps"), "faggot": ("orientation", "slur"), "fudge packer": ("orientation", "slur"),
    "girlyboy": ("gender", "perhaps"), "homosexual": ("orientation", "perhaps"), "ladyboy": ("gender", "perhaps"),
    "lesbian": ("orientation", "perhaps"), "pillow biter": ("orientation", "slur"), "queer": ("orientation", "perhaps"),
    "shemale": ("gender", "slur"), "tranny": ("gender", "perhaps"), "retard": ("disability", "perhaps"),
    "retarded": ("disability", "perhaps"), "window licker": ("disability", "perhaps"),
}  # fmt: skip
BY_HAND = Path(__file__).with_name("slurs_by_hand.yaml")
_CATEGORIES = ("racial / ethnic slurs", "sexual orientation / gender", "mental disability", "physical attributes")
# Forms of these families that are other words, names, parts of numbers, or used warmly within a dialect.
_LEFT_OUT = """
    knickers nuggets nicker nicka nickas nuckas nikka nikkas higga higgers higger higgas nigga niggas niggaz niggah
    niggahs niggahz nigguh nigguhs nigguhz niga nigah niguh negga niggazzes jigga jiggas jigger jiggers jiggs gyp feg
    faget faggs queers homo homos nigre nigra nig nigs negroes niccer retardotron wigger slanty spix spik spig spick
    lesbo negroid coonie nigers neggar nickker nikker fagging ladboys ladboyz
"""
# Forms that are also names, towns, instruments or cigarettes, or words that meet by chance ('she, male, 45').
PERHAPS = {"abeed", "fag", "fags", "fagot", "kike", "kyke", "troon", "heeb", "dago", "tar baby"}
CHANCE = {"he she", "she male", "wet back", "zip in the wire", "nigga lover"}
_PLAIN = re.compile(r"[a-z]+(?:[ -][a-z]+)?")


def main() -> None:
    source, target = Path(sys.argv[1]), Path(sys.argv[2])
    kept: dict[str, tuple[str, str]] = {}
    left_out = set(_LEFT_OUT.split())
    with source.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            form = row["text"].lower()
            family = FAMILIES.get(row["canonical_form_1"])
            named = {row["category_1"], row["category_2"], row["category_3"]}
            if family and named.intersection(_CATEGORIES) and form not in left_out and _PLAIN.fullmatch(form):
                kept[form.replace("-", " ")] = family
    for row in yaml.safe_load(BY_HAND.read_text(encoding="utf-8"))["forms"]:
        for form in row["forms"].split(", "):
            kept[form.replace("-", " ")] = (row["trait"], row["standing"])
    head = "# form\ttrait\tstanding; made by training/gazetteers/build_slurs.py, licence in slurs.SOURCE.md\n"
    kept = {form: told for form, told in kept.items() if form not in CHANCE}
    kept |= {form: (trait, "perhaps") for form, (trait, _) in kept.items() if form in PERHAPS}
    lines = [f"{form}\t{trait}\t{standing}\n" for form, (trait, standing) in sorted(kept.items())]
    target.write_text(head + "".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
