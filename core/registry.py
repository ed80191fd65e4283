"""Finds crawlers and detectors by importing their package: what stands there is registered, there is no list to edit."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from typing import TypeGuard, TypeVar

from core.errors import RegistryError

Seam = TypeVar("Seam")


def discover(package: str, seam: type[Seam], key: str) -> dict[str, type[Seam]]:
    """All concrete subclasses of `seam` in the public modules of `package`, by their class attribute `key`, sorted.

    Raises:
        RegistryError: a module can't be imported, holds no or a nameless subclass, or two claim the same name.
    """
    found: dict[str, type[Seam]] = {}
    for info in pkgutil.iter_modules(importlib.import_module(package).__path__):
        if info.name.startswith("_"):
            continue
        module_name = f"{package}.{info.name}"
        try:
            module = importlib.import_module(module_name)
        except ImportError as error:
            raise RegistryError(f"{module_name}: can't be imported: {error}") from error
        own = [c for c in vars(module).values() if inspect.isclass(c) and _is_own(c, seam, module_name)]
        if not own:
            raise RegistryError(f"{module_name}: expected a subclass of {seam.__name__}; name shared parts with an underscore")
        for candidate in own:
            name = getattr(candidate, key, None)
            if not isinstance(name, str) or not name:
                raise RegistryError(f"{module_name}.{candidate.__name__}: expected a class attribute {key!r}")
            if name in found:
                raise RegistryError(f"{module_name}.{candidate.__name__}: {key} {name!r} is already {found[name].__module__}'s")
            found[name] = candidate
    return dict(sorted(found.items()))


def _is_own(candidate: type, seam: type[Seam], module_name: str) -> TypeGuard[type[Seam]]:
    return issubclass(candidate, seam) and candidate.__module__ == module_name and not inspect.isabstract(candidate)
