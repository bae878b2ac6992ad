"""Turns the contents of a cassette into the bytes that are stored, and back, for every persister of this package. The
text is UTF-8, and compressed where the name ends in ``.zz`` (as Ruby VCR). It must not know a file or a store.
"""

from __future__ import annotations

import reprlib
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping

from .. import formats
from ..errors import CassetteLoadError, CassetteNotFoundError
from ..formats.contents import Contents
from ..serializers import Deserializer, Serializer

_COMPRESSED = ".zz"

#: How many bytes a cassette may have, decompressed. Parsed, it takes several times as much memory.
MAX_SIZE = 1 << 30


def packed(path: str, cassette_dict: Mapping[str, object], serializer: Serializer) -> bytes:
    """The bytes to store under ``path``."""
    return b"".join(packed_parts(path, cassette_dict, serializer))


def packed_parts(path: str, cassette_dict: Mapping[str, object], serializer: Serializer) -> Iterable[bytes]:
    """The bytes to store under ``path``, in parts. An error is raised before the first part is returned."""
    text = formats.write_parts(cassette_dict, serializer)
    if isinstance(text, list) and not isinstance(text[0], str):
        message = f"the serializer {serializer!r} returned {reprlib.repr(text[0])}, not text: {path} is not saved"
        raise TypeError(message)
    parts = [str.encode(part, "utf-8") for part in text] if isinstance(text, list) else map(str.encode, text)
    return _deflated(parts) if path.endswith(_COMPRESSED) else parts


def packed_addition(
    path: str, content: bytes, cassette_dict: Mapping[str, object], serializer: Serializer
) -> Iterable[bytes] | None:
    """The bytes to store under ``path``, which holds ``content`` now, to append interactions.

    None where interactions cannot be appended to this content: all has to be written again.
    """
    if path.endswith(_COMPRESSED) or b"\r" in content:
        return None
    found = formats.addition(content.decode("utf-8"), cassette_dict, serializer)
    if found is None:
        return None
    end, added = found
    return [content.removesuffix(end.encode("utf-8")), added.encode("utf-8")]


def _deflated(parts: Iterable[bytes]) -> Iterator[bytes]:
    compressor = zlib.compressobj()
    for part in parts:
        yield compressor.compress(part)
    yield compressor.flush()


def unpacked(path: str, read: Callable[[], bytes], serializer: Deserializer) -> Contents:
    """The requests and responses in the bytes that ``read()`` returns for ``path``.

    Raises CassetteNotFoundError when ``read`` raises FileNotFoundError or returns blank text; CassetteLoadError when
    ``read`` raises another OSError, or the bytes are no cassette.
    """
    try:
        text = _text(path, read())
    except FileNotFoundError as error:
        raise CassetteNotFoundError(f"no cassette at {path}") from error
    except zlib.error as error:
        raise CassetteLoadError(f"not compressed, as its name says: {error}", path=path) from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise CassetteLoadError(f"not UTF-8 text: {error}", path=path, line=line) from error
    except OSError as error:
        raise CassetteLoadError(f"cannot be read: {error}", path=path) from error
    if not text or text.isspace():
        raise CassetteNotFoundError(f"the cassette at {path} is blank")
    try:
        contents = formats.read(text, serializer)
    except CassetteNotFoundError as error:
        raise CassetteNotFoundError(f"the cassette at {path} says nothing") from error
    except CassetteLoadError as error:
        raise error.at(path) from error
    contents.path = path
    return contents


def check_size(path: str, size: int) -> None:
    """Raise CassetteLoadError when a cassette of ``size`` bytes is too large."""
    if size > MAX_SIZE:
        raise CassetteLoadError(f"it has more than {MAX_SIZE:,} bytes", path=path)


def _text(path: str, content: bytes) -> str:
    """The text in these bytes; every line ends in ``\\n``."""
    check_size(path, len(content))
    if content and path.endswith(_COMPRESSED):
        content = _inflated(path, content)
    text = content.decode("utf-8")
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def _inflated(path: str, content: bytes) -> bytes:
    reader = zlib.decompressobj()
    inflated = reader.decompress(content, MAX_SIZE)
    check_size(path, len(inflated) + len(reader.unconsumed_tail))
    if not reader.eof:
        raise zlib.error("it is cut off")
    return inflated
