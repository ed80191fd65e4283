"""The folder that the language model ships in: what its files must be, checked before anything of them is used."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from core.errors import ConfigError

ENCODER, TOKENIZER, ABOUT = "encoder.onnx", "tokenizer.json", "model.json"
POSITIONS = 512  # word pieces that such an encoder can tell apart by place
_MARKS = 3  # [CLS], [SEP] after the own words, [SEP] after the context
_MEND = "install Night Rounds anew"

Probability = Annotated[float, Field(ge=0, le=1)]
Slope = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class About(BaseModel):
    """model.json: what a reader must know of the model beside its files."""

    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)

    name: str
    version: str
    sha256: dict[str, Digest]
    languages: tuple[str, ...] = Field(min_length=1)
    room: int = Field(gt=0)  # word pieces of the own words in one window
    overlap: int = Field(ge=0)
    context_room: int = Field(ge=0)
    tags: dict[str, tuple[str, ...]]  # of words, by head
    least: dict[str, Probability]  # a span is told from this probability on
    classes: tuple[str, ...]
    calibration: dict[str, tuple[Slope, Finite]]  # probability = sigmoid(a * logit + b)

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        tags = [tag for tags in self.tags.values() for tag in tags]
        if self.sha256.keys() != {ENCODER, TOKENIZER}:
            raise ValueError(f"sha256: expected the digests of {ENCODER} and {TOKENIZER}")
        if self.overlap >= self.room or self.room + self.context_room + _MARKS > POSITIONS:
            raise ValueError(
                f"room, overlap, context_room: expected overlap below room, and all of it below {POSITIONS} pieces"
            )
        if len(set(tags)) < len(tags) or set(tags) != self.least.keys() or "classes" in self.tags:
            raise ValueError("tags, least: expected each tag in one head, and a probability for each")
        if set(self.classes) != self.calibration.keys() or len(set(self.classes)) < len(self.classes):
            raise ValueError("classes, calibration: expected two numbers for each class")
        return self


def shipped_folder() -> Traversable:
    """Where the model that comes along lies."""
    return resources.files("detectors").joinpath("_data", "model")


@cache
def shipped_digest() -> str:
    """Eight hexadecimal digits that change with the model, its thresholds and its calibration; nothing is loaded for them."""
    return digest_of(shipped_folder())


def digest_of(folder: Traversable) -> str:
    """The digest of the folder's model.json, which itself holds the digests of the other files.

    Raises:
        ConfigError: it can't be read.
    """
    return hashlib.sha256(_bytes(folder, ABOUT)).hexdigest()[:8]


def read_folder(folder: Traversable) -> tuple[About, bytes, bytes]:
    """What model.json says, the encoder and the tokenizer, as they were when the model was made.

    Raises:
        ConfigError: a file is missing or another than model.json says, or model.json is not what it has to be.
    """
    try:
        about = About.model_validate_json(_bytes(folder, ABOUT))
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise ConfigError(f"language model: {ABOUT}: {place + ': ' if place else ''}{first['msg']}; {_MEND}") from None
    encoder, tokenizer = (_checked(folder, name, about.sha256[name]) for name in (ENCODER, TOKENIZER))
    return about, encoder, tokenizer


def _checked(folder: Traversable, name: str, expected: str) -> bytes:
    data = _bytes(folder, name)
    if hashlib.sha256(data).hexdigest() != expected:
        raise ConfigError(f"language model: {name} is not the file that {ABOUT} names (SHA-256 differs); {_MEND}")
    return data


def _bytes(folder: Traversable, name: str) -> bytes:
    try:
        return folder.joinpath(name).read_bytes()
    except OSError as error:
        raise ConfigError(f"language model: {name} can't be read ({error.strerror or type(error).__name__}); {_MEND}") from None
