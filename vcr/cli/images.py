"""How wide and high an image is, from its first bytes: PNG, GIF, JPEG, WebP and BMP. It must not know a cassette."""

from __future__ import annotations

import struct

#: Markers of JPEG that tell the measures, and those without a length.
_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
_BARE = {0x01, *range(0xD0, 0xD9)}


def dimensions(image: bytes) -> tuple[int, int] | None:
    """Width and height in pixels; None when the bytes are none of these images."""
    try:
        if image.startswith(b"\x89PNG\r\n\x1a\n"):
            return _two(">II", image, 16)
        if image[:6] in (b"GIF87a", b"GIF89a"):
            return _two("<HH", image, 6)
        if image.startswith(b"BM"):
            width, height = _two("<ii", image, 18)
            return width, abs(height)
        if image[:4] == b"RIFF" and image[8:12] == b"WEBP":
            return _webp(image)
        return _jpeg(image) if image.startswith(b"\xff\xd8") else None
    except struct.error:  # cut off
        return None


def _two(layout: str, image: bytes, at: int) -> tuple[int, int]:
    first, second = struct.unpack_from(layout, image, at)
    return first, second


def _webp(image: bytes) -> tuple[int, int] | None:
    if image[12:16] == b"VP8 ":
        width, height = _two("<HH", image, 26)
        return width & 0x3FFF, height & 0x3FFF
    if image[12:16] == b"VP8L":
        (bits,) = struct.unpack_from("<I", image, 21)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if image[12:16] == b"VP8X":
        low_w, high_w, low_h, high_h = struct.unpack_from("<HBHB", image, 24)
        return (low_w | high_w << 16) + 1, (low_h | high_h << 16) + 1
    return None


def _jpeg(image: bytes) -> tuple[int, int] | None:
    at = 2
    while at + 4 <= len(image) and image[at] == 0xFF:
        marker = image[at + 1]
        if marker in _FRAMES:
            height, width = _two(">HH", image, at + 5)
            return width, height
        at += 2 if marker in _BARE else 2 + struct.unpack_from(">H", image, at + 2)[0]
    return None
