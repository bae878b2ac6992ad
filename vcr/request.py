"""A request as a value, and the header fields of a message. It must not know a client, a cassette or a file."""

from __future__ import annotations

import warnings
from collections.abc import Callable, ItemsView, Iterable, Iterator, Mapping, MutableMapping
from copy import deepcopy
from typing import Any
from urllib.parse import SplitResult, parse_qsl

from ._http import uri as _uris
from ._http.body import kept

HeaderSource = Mapping[str, object] | Iterable[tuple[object, object]] | None


def _text(value: object) -> str:
    # RFC 9110 §5.5: field values are bytes; latin-1 maps every byte to a character and back.
    if type(value) is str:
        return value
    if value is None or isinstance(value, bool):  # YAML reads an empty value, and ``true``, as these
        return "" if value is None else str(value).lower()
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def header_name(name: object) -> str:
    """The name of a header field, text or bytes, in lower case: names that differ in case alone are one name."""
    return _text(name).lower()


class Headers(MutableMapping[str, str]):
    """HTTP header fields: names compare without case; order and repeated fields are kept.

    As a mapping it shows the first value of each name, as VCR.py does; ``get_all`` and ``pairs`` show every field.
    """

    __slots__ = ("_named", "_pairs")

    def __init__(self, source: HeaderSource = None) -> None:
        # A change replaces these two objects and never changes them in place, so that copies can share them.
        self._named: dict[str, list[str]] | None = None
        self._pairs: list[tuple[str, str]] = []
        if source is None:
            return
        if isinstance(source, Headers):
            self._pairs, self._named = source._pairs, source._named
            return
        # (The second question is slow, and most sources are lists.)
        for name, value in source.items() if not isinstance(source, list) and isinstance(source, Mapping) else source:
            for one in value if isinstance(value, (list, tuple)) else (value,):
                self._pairs.append((_text(name), _text(one)))

    @classmethod
    def from_pairs(cls, pairs: list[tuple[str, str]]) -> Headers:
        """Make headers of ``(name, value)`` pairs. The list is not copied: the caller must not change it any more."""
        headers = cls.__new__(cls)
        headers._pairs = pairs
        headers._named = None
        return headers

    @property
    def _by_name(self) -> dict[str, list[str]]:
        """The values of each name, in lower case; made when first needed after a change."""
        named = self._named
        if named is None:
            named = {}
            for name, value in self._pairs:
                named.setdefault(name.lower(), []).append(value)
            self._named = named
        return named

    def pairs(self) -> list[tuple[str, str]]:
        """Every field as ``(name, value)``, in order."""
        return self._pairs.copy()

    def get_all(self, name: str) -> list[str]:
        """Every value of ``name``, in order."""
        return self._by_name.get(name.lower(), []).copy()

    def grouped(self) -> dict[str, list[str]]:
        """``{name: [values]}``: the shape of a cassette file."""
        groups: dict[str, list[str]] = {}
        for name, value in self._pairs:
            groups.setdefault(name, []).append(value)
        return groups

    def add(self, name: str, value: str) -> None:
        """Append a field, beside those of the same name."""
        self._change([*self._pairs, (name, value)])

    def copy(self) -> Headers:
        """An independent copy."""
        twin = Headers.from_pairs(self._pairs)
        twin._named = self._named
        return twin

    def _change(self, pairs: list[tuple[str, str]]) -> None:
        self._pairs = pairs
        self._named = None

    def __getitem__(self, name: str) -> str:
        values = self._by_name.get(name.lower())
        if values is None:
            raise KeyError(name)
        return values[0]

    def __setitem__(self, name: str, value: object) -> None:
        low = name.lower()
        fresh = Headers({name: value})._pairs
        changed: list[tuple[str, str]] = []
        for pair in self._pairs:
            if pair[0].lower() != low:
                changed.append(pair)
            elif fresh:
                # The name stays as it was first spelt, as in VCR.py.
                changed.extend((pair[0], text) for _, text in fresh)
                fresh = []
        self._change(changed + fresh)

    def __delitem__(self, name: str) -> None:
        low = name.lower()
        if low not in self._by_name:
            raise KeyError(name)
        self._change([pair for pair in self._pairs if pair[0].lower() != low])

    def __iter__(self) -> Iterator[str]:
        seen: set[str] = set()
        for name, _ in self._pairs:
            low = name.lower()
            if low not in seen:
                seen.add(low)
                yield name

    def __len__(self) -> int:
        return len(self._by_name)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._by_name

    def items(self) -> ItemsView[str, str]:
        """One ``(name, first value)`` for each name."""
        return super().items()

    def lower_items(self) -> Iterator[tuple[str, str]]:
        """``(name in lower case, first value)`` of each name (VCR.py's name)."""
        return ((name, values[0]) for name, values in self._by_name.items())

    def __eq__(self, other: object) -> bool:
        """Whether both have the same fields. With a plain mapping of one string for each name, only the first value of
        each name is compared."""
        if not isinstance(other, Mapping):
            return NotImplemented
        if not isinstance(other, Headers) and all(isinstance(value, str) for value in other.values()):
            return dict(self.lower_items()) == dict(Headers(other).lower_items())
        return self._by_name == Headers(other)._by_name

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return repr(dict(self.items()))


#: VCR.py's name of ``Headers``.
HeadersDict = Headers


class Request:
    """One HTTP request: ``method``, absolute ``uri``, ``body`` (bytes or None) and ``headers``.

    A hook may assign to each of these four. The other attributes are computed from ``uri``.
    """

    __slots__ = ("_body", "_headers", "_mask", "_split", "_uri", "method")

    def __init__(self, method: str, uri: str, body: object = None, headers: HeaderSource = None) -> None:
        self.method = method
        self._uri = uri
        self._split: SplitResult | None = None
        self._mask: Callable[[str], str] | None = None
        self._body = kept(body)
        self._headers = headers if isinstance(headers, Headers) else Headers(headers)

    @property
    def uri(self) -> str:
        """The absolute URI, as it was requested."""
        return self._uri

    @uri.setter
    def uri(self, uri: str) -> None:
        self._uri = uri
        self._split = None

    @property
    def url(self) -> str:
        """The same as ``uri``."""
        return self._uri

    @property
    def body(self) -> Any:
        """The body in bytes, without transfer coding; None when there is none."""
        return self._body

    @body.setter
    def body(self, body: object) -> None:
        self._body = kept(body)

    @property
    def body_bytes(self) -> Any:
        """The same as ``body``."""
        return self._body

    @property
    def headers(self) -> Headers:
        """The header fields; a mapping, pairs or None may be assigned."""
        return self._headers

    @headers.setter
    def headers(self, headers: HeaderSource) -> None:
        self._headers = headers if isinstance(headers, Headers) else Headers(headers)

    @property
    def parsed_uri(self) -> SplitResult:
        """``uri`` in its parts (``;`` parameters stay in the path, RFC 3986 §3.3)."""
        if self._split is None:
            self._split = _uris.split(self._uri)
        return self._split

    @property
    def scheme(self) -> str:
        """``http`` or ``https``."""
        return self.parsed_uri.scheme

    protocol = scheme

    @property
    def host(self) -> str | None:
        """The host, in lower case, without brackets."""
        return _uris.host_and_port(self.parsed_uri.netloc)[0]

    @property
    def port(self) -> int | None:
        """The port, or the scheme's default one."""
        port = _uris.host_and_port(self.parsed_uri.netloc)[1]
        return _uris.DEFAULT_PORTS.get(self.scheme) if port is None else port

    @property
    def path(self) -> str:
        """The path, percent-encoded as requested, without the ``;`` parameters of its last segment (as VCR.py)."""
        directory, slash, last = self.parsed_uri.path.rpartition("/")
        return directory + slash + last.partition(";")[0]

    @property
    def query(self) -> list[tuple[str, str]]:
        """The query's ``(name, value)`` pairs, decoded and sorted, without those whose value is blank (as VCR.py)."""
        return sorted(parse_qsl(self.parsed_uri.query))

    def add_header(self, name: str, value: str) -> None:
        """Deprecated, as in VCR.py: assign to ``headers``."""
        message = "Request.add_header is deprecated: assign to request.headers[name]"
        warnings.warn(message, DeprecationWarning, stacklevel=2)
        self.headers[name] = value

    # Private names of VCR.py's, which persisters and serializers of its users call.

    def _to_dict(self) -> dict[str, object]:
        return {"method": self.method, "uri": self.uri, "body": self.body, "headers": self.headers.grouped()}

    @classmethod
    def _from_dict(cls, dct: Mapping[str, Any]) -> Request:
        return cls(dct["method"], dct["uri"], dct["body"], dct["headers"])

    def copy(self) -> Request:
        """An independent copy (bytes are shared: they do not change)."""
        twin = Request.__new__(Request)
        twin.method = self.method
        twin._uri = self._uri
        twin._split = self._split
        twin._mask = self._mask
        twin._body = self._body if isinstance(self._body, (bytes, type(None))) else deepcopy(self._body)
        twin._headers = self._headers.copy()
        return twin

    def __getstate__(self) -> Any:
        """All attributes but ``_mask``: a function that takes secrets out of a text holds these secrets."""
        state = {name: getattr(self, name) for name in Request.__slots__ if name != "_mask"}
        return {**getattr(self, "__dict__", {})} or None, {**state, "_mask": None}

    def __copy__(self) -> Request:
        return self.copy()

    def __deepcopy__(self, memo: dict[int, object]) -> Request:
        return self.copy()

    def mask_with(self, mask: Callable[[str], str]) -> None:
        """Let ``mask(text)`` take the secrets out of ``str`` and ``repr`` of this request and of its copies."""
        self._mask = mask

    @property
    def shown_uri(self) -> str:
        """The URI for a person to read, without secrets."""
        return self.uri if self._mask is None else self._mask(self.uri)

    def __str__(self) -> str:
        return f"<Request ({self.method}) {self.shown_uri}>"

    def __repr__(self) -> str:
        return self.__str__()
