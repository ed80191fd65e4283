"""Profile pictures: what is fetched, what never is, and that the look outlives scaling."""

from __future__ import annotations

import hashlib
import io
import time
import zlib

import pytest
from PIL import Image

from core.records import Profile
from crawlers._pictures import Pictures, look_of

ADDRESS = "https://pictures.sandbox.example/face.png?sig=1"


def a_picture(size: int = 64, kind: str = "PNG", *, turned: bool = False) -> bytes:
    image = Image.radial_gradient("L").convert("RGB")
    image.paste((200, 30, 30), (20, 40, 90, 200))
    image.paste((20, 160, 230), (150, 20, 240, 110))
    image = image.rotate(180) if turned else image
    file = io.BytesIO()
    image.resize((size, size)).save(file, kind)
    return file.getvalue()


@pytest.fixture
def pictures(loopback):
    opened = Pictures(stand_in=loopback.url)
    yield opened
    opened.close()


def serve(loopback, body, status=200):
    loopback.answer = lambda asked: loopback.Reply(body, status, media_type="image/png")


def test_a_picture_is_looked_at_once_while_its_address_stays(pictures, loopback):
    serve(loopback, a_picture())
    seen = pictures.look(Profile(picture_url=ADDRESS), Profile())
    assert seen.picture_sha256 == hashlib.sha256(a_picture()).hexdigest()
    assert len(seen.picture_hash) == 16
    again = pictures.look(Profile(picture_url=ADDRESS.replace("sig=1", "sig=2")), seen)
    assert (again.picture_sha256, again.picture_hash) == (seen.picture_sha256, seen.picture_hash)
    assert len(loopback.asked) == 1
    assert "authorization" not in loopback.asked[0].headers


def test_the_look_outlives_scaling_and_saving_anew_but_not_another_picture():
    one = int(look_of(a_picture(256)), 16)
    assert (one ^ int(look_of(a_picture(48, "JPEG")), 16)).bit_count() <= 4
    assert (one ^ int(look_of(a_picture(256, turned=True)), 16)).bit_count() > 12


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 200),
        (b"<html>log in</html>", 200),
        (a_picture(), 404),
        (a_picture()[:200], 200),
        (b"\x89PNG\r\n\x1a\n" + b"\x00" * 50, 200),
        (b"P6 1 1 255 abc", 200),
        (b"A" * (9 * 2**20), 200),
    ],
    ids=["nothing", "a page", "gone", "cut", "broken", "another format", "too large"],
)
def test_what_is_no_picture_leaves_the_profile_as_it_is(pictures, loopback, body, status):
    serve(loopback, body, status)
    profile = Profile(display_name="Harbor Clinic", picture_url=ADDRESS)
    assert pictures.look(profile, Profile()) == profile


def test_a_bomb_is_not_unpacked():
    def chunk(kind: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")

    header = (60_000).to_bytes(4, "big") * 2 + bytes([1, 0, 0, 0, 0])
    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\x00" * 10_000)) + chunk(b"IEND", b"")
    assert look_of(bomb) == ""


def test_a_picture_that_would_take_hours_to_unpack_is_not_unpacked():
    file = io.BytesIO()
    Image.new("RGB", (1900, 1900)).save(file, "JPEG", progressive=True)
    body = file.getvalue()
    scan = body[body.rfind(b"\xff\xda") : -2]
    assert look_of(body) != ""
    began = time.process_time()
    assert look_of(body[:-2] + scan * 4000 + b"\xff\xd9") == ""
    assert time.process_time() - began < 1


@pytest.mark.parametrize(("size", "is_read"), [((2000, 2000), True), ((2001, 2000), False), ((9000, 2), False)])
def test_only_pictures_of_a_profiles_size_are_unpacked(size, is_read):
    file = io.BytesIO()
    Image.new("L", size).save(file, "PNG")
    assert bool(look_of(file.getvalue())) is is_read
    assert look_of(file.getvalue() + b"\0" * 4 * 2**20) == "", "too many bytes"


def test_a_large_picture_looks_as_a_small_one_does():
    small = int(look_of(a_picture(200, "PNG")), 16)
    assert (small ^ int(look_of(a_picture(1800, "JPEG")), 16)).bit_count() <= 4


@pytest.mark.parametrize(
    "address",
    [
        "http://pictures.sandbox.example/face.png",
        "https://127.0.0.1/face.png",
        "https://localhost/face.png",
        "https://[::1]/face.png",
        "https://user:pass@pictures.sandbox.example/face.png",
        "file:///etc/passwd",
        "https:///face.png",
    ],
)
def test_only_public_hosts_are_asked(address):
    pictures = Pictures()
    assert pictures.look(Profile(picture_url=address), Profile()).picture_sha256 == ""
    pictures.close()
