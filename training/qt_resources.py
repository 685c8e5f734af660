"""Qt's binary resource archives (.rcc), read.

Knows the format alone; writes nothing to disk, so that the names in an archive need not be trusted.
"""

from __future__ import annotations

import struct
import zlib


def read_rcc(data: bytes) -> dict[str, bytes]:
    """The files in a Qt resource archive of version 1, 2 or 3: path to content. Follows Qt's `QResource`.

    Raises
    ------
    ValueError
        Where `data` is not such an archive, is cut short, or holds a file compressed with zstd.
    """
    if data[:4] != b"qres":
        raise ValueError(f"expected a Qt resource archive, which begins with b'qres', got {data[:4]!r}")
    try:
        version, tree, contents, names = struct.unpack_from(">IIII", data, 4)
        if version not in (1, 2, 3):
            raise ValueError(f"expected version 1, 2 or 3 of the Qt resource format, got {version}")
        files: dict[str, bytes] = {}
        waiting = [(0, "")]
        visited = set()
        while waiting:
            node, parent = waiting.pop()
            if node in visited:
                raise ValueError("the Qt resource archive's folders form a loop")
            visited.add(node)
            offset = tree + node * (14 if version == 1 else 22)  # from version 2 on, 8 bytes of time follow
            name_offset, flags = struct.unpack_from(">IH", data, offset)
            path = parent + _rcc_name(data, names + name_offset) if node else ""
            if flags & 2:
                count, first = struct.unpack_from(">II", data, offset + 6)
                if count > len(data):
                    raise ValueError(f"the Qt resource archive counts {count} files in one folder")
                waiting += [(child, path + "/" if node else "") for child in range(first, first + count)]
            else:
                files[path] = _rcc_content(
                    data, contents, struct.unpack_from(">I", data, offset + 10)[0], flags
                )
    except (struct.error, zlib.error) as error:
        raise ValueError(f"the Qt resource archive of {len(data)} bytes is damaged or cut short") from error
    return files


def _rcc_name(data: bytes, offset: int) -> str:
    (length,) = struct.unpack_from(">H", data, offset)
    return data[offset + 6 : offset + 6 + 2 * length].decode("utf-16-be")  # 4 bytes of hash come before


def _rcc_content(data: bytes, contents: int, offset: int, flags: int) -> bytes:
    if flags & 4:
        raise ValueError("expected files stored plainly or with zlib, got one compressed with zstd")
    start = contents + offset + 4
    (length,) = struct.unpack_from(">I", data, start - 4)
    if start + length > len(data):
        raise ValueError(f"the Qt resource archive of {len(data)} bytes is damaged or cut short")
    stored = data[start : start + length]
    return zlib.decompress(stored[4:]) if flags & 1 else stored  # 4 bytes of unpacked length come before
