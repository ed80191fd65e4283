"""The entry of a picture of ours: from the file to a finding on an account that shows it, and what is refused."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
import yaml
from PIL import Image

from core.policy import default_policy_path, load_policy
from crawlers._pictures import look_of
from detectors._own_pictures import OwnPictures


def a_logo(size: int = 200, kind: str = "PNG") -> bytes:
    image = Image.radial_gradient("L").convert("RGB")
    image.paste((200, 30, 30), (20, 40, 90, 200))
    image.paste((20, 160, 230), (150, 20, 240, 110))
    file = io.BytesIO()
    image.resize((size, size)).save(file, kind)
    return file.getvalue()


def test_the_entry_is_put_into_the_policy_as_it_is_and_the_picture_is_known(nightrounds, tmp_path: Path) -> None:
    logo = tmp_path / "logo.png"
    logo.write_bytes(a_logo())
    done = nightrounds("pictures", "sign", str(logo), "--title", "The  logo: 'blue' ")
    assert done.returncode == 0, done.stderr
    text = default_policy_path().read_text(encoding="utf-8")
    assert text.count("\n  brands:\n") == 1
    policy = tmp_path / "policy.yaml"
    policy.write_text(text.replace("\n  brands:\n", f"\n  pictures:\n{done.stdout}  brands:\n"), encoding="utf-8")
    pictures = load_policy(policy).institution.pictures
    assert [picture.title for picture in pictures] == ["The logo: 'blue'"]
    assert OwnPictures(pictures).shown_as(look_of(a_logo(64, "JPEG"))) == "The logo: 'blue'"


def test_what_is_no_picture_or_a_plain_field_is_refused(nightrounds, tmp_path: Path) -> None:
    plain = io.BytesIO()
    Image.new("RGB", (64, 64), "white").save(plain, "PNG")
    for content, said in ((b"GIF89a and no more", "expected a PNG"), (plain.getvalue(), "nearly a plain field")):
        file = tmp_path / "file.png"
        file.write_bytes(content)
        done = nightrounds("pictures", "sign", str(file), "--title", "Logo")
        assert (done.returncode, done.stdout) == (2, "")
        assert said in done.stderr
    assert nightrounds("pictures", "sign", str(tmp_path / "none.png"), "--title", "Logo").returncode == 2


@pytest.mark.parametrize("look", ["", "xyz", "3C5A9669E71824DB", "3c5a9669e71824d"])
def test_a_look_that_is_none_is_refused(look: str, tmp_path: Path) -> None:
    data = yaml.safe_load(default_policy_path().read_text(encoding="utf-8"))
    data["institution"]["pictures"] = [{"title": "Logo", "look": look}]
    file = tmp_path / "policy.yaml"
    file.write_text(yaml.safe_dump(data, allow_unicode=True), encoding="utf-8")
    with pytest.raises(Exception, match=r"institution\.pictures\.0\.look"):
        load_policy(file)
