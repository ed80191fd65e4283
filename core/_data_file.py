"""Reads a YAML file that people write, strictly, into a model: what is wrong is told with file, place and what was expected."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from core.errors import ConfigError

_MOST_BYTES = 4 << 20

Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class DataFile:
    """A kind of file: what people call it, how another one is named, what stands at its top, and where its keys are told."""

    title: str
    mend: str
    top: str
    keys_told_in: str

    def read(self, path: Path, model: type[Model]) -> Model:
        """Read and check.

        Raises:
            ConfigError: the file is missing, no YAML, or not of this kind; one line for each problem.
        """
        data = self._parsed(path)
        if not isinstance(data, dict):
            raise ConfigError(f"{path}: expected a mapping with {self.top}")
        try:
            return model.model_validate(data)
        except ValidationError as error:
            raise ConfigError("\n".join(f"{path}: {problem}" for problem in self._problems(error))) from None

    def _parsed(self, path: Path) -> Any:
        try:
            if path.exists() and (not path.is_file() or path.stat().st_size > _MOST_BYTES):
                raise ConfigError(f"{path}: no file, or larger than {_MOST_BYTES >> 20} MiB; is this {self.title}?")
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{path}: {self.title} can't be read ({type(error).__name__}); {self.mend}") from None
        try:
            return yaml.load(text, Loader=_Strict)  # noqa: S506 - a SafeLoader underneath
        except (TypeError, ValueError, RecursionError):
            raise ConfigError(f"{path}: not valid YAML: a key that is no word, a date that is none, or too deep") from None
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            where = f":{mark.line + 1}:{mark.column + 1}" if mark else ""
            raise ConfigError(f"{path}{where}: not valid YAML: {getattr(error, 'problem', None) or 'malformed'}") from None

    def _problems(self, error: ValidationError) -> Iterator[str]:
        for problem in error.errors(include_input=False, include_url=False):
            key = ".".join(str(part) for part in problem["loc"] if part not in _BRANCHES)
            message = problem["msg"].removeprefix("Value error, ")
            if problem["type"] == "extra_forbidden":
                message = f"unknown key; see {self.keys_told_in} for the ones there are"
            elif problem["type"] == "missing":
                message = "expected here, but missing"
            yield f"{key}: {message}" if key else message


_BRANCHES = frozenset({"date", "literal[False]"})  # pydantic's own names for the sides of a union


class _Strict(yaml.SafeLoader):
    """No key twice: YAML takes the last in silence, and a rule would be dropped. And no numbers or truths in disguise: YAML 1.1
    reads 030 as 24, 1:30 as 90 and `on` as true. They are words here, and a word is no number."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - PyYAML declares it so
        first: [(tag, pattern) for tag, pattern in resolvers if tag.rpartition(":")[2] not in {"bool", "int", "float"}]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


def _mapping(loader: _Strict, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
    seen: set[Any] = set()
    for key_node, _ in node.value:
        key = loader.construct_object(key_node, deep=True)
        if key in seen:
            raise yaml.constructor.ConstructorError(None, None, f"the key {key!r} stands here twice", key_node.start_mark)
        seen.add(key)
    return loader.construct_mapping(node, deep=deep)


_Strict.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)
_Strict.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"(true|false)\Z"), list("tf"))
_Strict.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"-?(0|[1-9][0-9]{0,17})\Z"), list("-0123456789"))
_Strict.add_implicit_resolver("tag:yaml.org,2002:float", re.compile(r"-?(0|[1-9][0-9]*)\.[0-9]+\Z"), list("-0123456789"))
