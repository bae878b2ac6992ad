"""Says so when a program has replaced a function or a class of VCR.py's stubs: here that has no effect.

VCR.py's stubs are functions that a program can replace to change what is recorded. Ours are not called by the package,
so the modules that hold them ask to be watched. It knows no client.
"""

from __future__ import annotations

from typing import Any

from .. import patch
from ..errors import warn


def watch(module: dict[str, Any]) -> None:
    """From now on, opening a cassette warns of each function or class that ``module`` (its ``globals()``) defines and
    that the program has replaced, and of each attribute that it has set on one of these classes; once for each."""
    name = module["__name__"]
    originals = {key: value for key, value in module.items() if getattr(value, "__module__", None) == name}
    attributes = {key: dict(vars(value)) for key, value in originals.items() if isinstance(value, type)}
    told: set[str] = set()

    def check() -> None:
        replaced = [key for key, value in originals.items() if module.get(key) is not value]
        for key, known in attributes.items():
            now = vars(originals[key])
            replaced += [f"{key}.{changed}" for changed in now if now[changed] is not known.get(changed)]
        for key in replaced:
            if key not in told:
                told.add(key)
                warn(
                    f"{name}.{key} has been replaced, which has no effect: vcr takes hold elsewhere. To change what is "
                    "recorded or replayed, use before_record_request, before_record_response or a custom serializer"
                )

    patch.opening.append(check)
