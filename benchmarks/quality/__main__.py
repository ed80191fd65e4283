"""Measures Night Rounds beside its peers on the same posts, and writes the page of what it can do.

    python -m benchmarks.quality --data ../shared/data --write docs/quality.md
    python -m benchmarks.quality --data ../shared/data --quick

Run it in the project's folder. One thread; about five minutes, and twice as long again where the spaCy peers must be trained
first. No text of a post is printed or kept.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quality", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the public sets")
    parser.add_argument("--development", type=Path, default=ROOT / "training" / "corpus" / "development", help="labelled posts")
    parser.add_argument(
        "--peers", type=Path, default=ROOT / "build" / "quality" / "spacy", help="where the spaCy peers are kept"
    )
    parser.add_argument("--write", type=Path, help="where the page goes; printed where left out")
    parser.add_argument(
        "--quick", action="store_true", help="a twelfth of the posts and a peer that learnt little, in a minute or two"
    )
    arguments = parser.parse_args()
    os.environ |= dict.fromkeys(ONE_THREAD, "1")  # read when numpy is loaded, which is why what follows is imported here
    from benchmarks.quality.whole import measure

    page = measure(arguments.data, arguments.development, arguments.peers, quick=arguments.quick)
    if arguments.write:
        arguments.write.write_text(page, encoding="utf-8")
    else:
        print(page)


if __name__ == "__main__":
    main()
