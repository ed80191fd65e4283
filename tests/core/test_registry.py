"""What stands in a package is registered; what breaks the seam is refused by name."""

from __future__ import annotations

import abc
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import ClassVar

import pytest

from core.errors import RegistryError
from core.registry import discover


class Lamp(abc.ABC):
    """A seam of our own, so that the test depends on no crawler."""

    colour: ClassVar[str]

    @abc.abstractmethod
    def light(self) -> str: ...


LAMP = """
import sys
Lamp = sys.modules[{seam!r}].Lamp
class {name}(Lamp):
    {body}
    def light(self):
        return "on"
"""

Package = Callable[..., str]


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Package]:
    """Writes an importable package of the given modules and gives its name."""
    name = f"lamps_{tmp_path.name}".replace("-", "_")
    folder = tmp_path / name
    folder.mkdir()
    (folder / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))

    def write(**modules: str) -> str:
        for module, source in modules.items():
            (folder / f"{module}.py").write_text(source, encoding="utf-8")
        return name

    yield write
    for module in [m for m in sys.modules if m.split(".")[0] == name]:
        del sys.modules[module]


def lamp(name: str, body: str) -> str:
    return LAMP.format(seam=__name__, name=name, body=body)


def test_public_modules_are_found_and_sorted_by_name(package: Package) -> None:
    name = package(second=lamp("B", "colour = 'amber'"), first=lamp("A", "colour = 'white'"), _shared="raise ValueError")
    found = discover(name, Lamp, "colour")
    assert [(key, kind.__name__) for key, kind in found.items()] == [("amber", "B"), ("white", "A")]
    assert found["white"]().light() == "on"


def test_an_imported_class_is_not_registered_twice(package: Package) -> None:
    name = package(first=lamp("A", "colour = 'white'"))
    package(second=f"from {name}.first import A\n" + lamp("B", "colour = 'amber'"))
    assert list(discover(name, Lamp, "colour")) == ["amber", "white"]


@pytest.mark.parametrize(
    ("modules", "message"),
    [
        pytest.param(
            {"empty": "x = 1"}, r"empty: expected a subclass of Lamp; name shared parts with an underscore", id="empty"
        ),
        pytest.param({"a": lamp("A", "pass")}, r"a\.A: expected a class attribute 'colour'", id="nameless"),
        pytest.param({"a": lamp("A", "colour = ''")}, r"a\.A: expected a class attribute 'colour'", id="blank name"),
        pytest.param({"a": lamp("A", "colour = 3")}, r"a\.A: expected a class attribute 'colour'", id="name of another type"),
        pytest.param(
            {"a": lamp("A", "colour = 'x'"), "b": lamp("B", "colour = 'x'")},
            r"b\.B: colour 'x' is already lamps_.*\.a's",
            id="one name claimed twice",
        ),
        pytest.param({"a": "import no_such_module_at_all"}, r"a: can't be imported", id="broken import"),
    ],
)
def test_what_breaks_the_seam_is_refused(package: Package, modules: dict[str, str], message: str) -> None:
    with pytest.raises(RegistryError, match=message):
        discover(package(**modules), Lamp, "colour")


def test_an_abstract_class_is_a_shared_part_not_a_lamp(package: Package) -> None:
    half = f"import sys\nLamp = sys.modules[{__name__!r}].Lamp\nclass Half(Lamp):\n    colour = 'x'\n"
    with pytest.raises(RegistryError, match="half: expected a subclass of Lamp"):
        discover(package(half=half), Lamp, "colour")
