"""Draws small picture files of all modes, formats and profiles, with nothing that the library reads by."""

import struct
import subprocess
import zlib
from dataclasses import dataclass

import numpy as np

PATCH = 16  # px a side: a JPEG's block of colours
# In 8 bits; of CMYK with black in the darkest, of grey the first channel.
COLOURS = np.array(
    [
        [[255, 255, 255], [200, 60, 40], [60, 160, 70], [40, 70, 180]],
        [[0, 0, 0], [230, 200, 50], [170, 60, 150], [50, 160, 180]],
        [[128, 128, 128], [194, 82, 38], [45, 160, 99], [245, 230, 215]],
    ],
    np.uint8,
)
LAB = np.array(
    [
        [[100, 0, 0], [50, 40, 30], [60, -30, 20], [40, 10, -40]],
        [[0, 0, 0], [80, 0, 50], [45, 50, -30], [60, -25, -20]],
        [[50, 0, 0], [55, 35, 45], [58, -40, 20], [92, 2, 8]],
    ],
    np.float64,
)
INKS = np.array(
    [
        [[0, 0, 0, 0], [30, 200, 220, 10], [180, 40, 200, 0], [230, 190, 30, 5]],
        [[180, 170, 160, 220], [20, 40, 220, 0], [80, 200, 20, 0], [190, 40, 60, 20]],
        [[0, 0, 0, 128], [40, 170, 220, 20], [190, 30, 160, 10], [5, 15, 20, 0]],
    ],
    np.uint8,
)


def spread(values):
    """Patches of these colours."""
    return values.repeat(PATCH, 0).repeat(PATCH, 1)


def centres(levels):
    """The colours of the patches in a picture."""
    return levels[PATCH // 2 :: PATCH, PATCH // 2 :: PATCH]


def alpha():
    """A transparency of the picture, 8 bits: a step for each column of patches."""
    return spread(np.tile(np.array([[[255], [170], [85], [1]]], np.uint8), (3, 1, 1)))


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def write_png(path, values, chunks=(), bits=None, palette=None):
    """A PNG of an array (height, width, channels) of 8 or 16 bits, with chunks before the pixels."""
    height, width, channels = values.shape
    bits = bits or 8 * values.dtype.itemsize
    kind = 3 if palette is not None else {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    if bits < 8:
        spaced = np.unpackbits(values.reshape(height, width, 1), axis=2)[..., 8 - bits :]
        rows = np.packbits(spaced.reshape(height, -1), axis=1)
    else:
        rows = values.astype(f">u{bits // 8}").view(np.uint8).reshape(height, -1)
    raw = b"".join(b"\0" + row.tobytes() for row in rows)
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, kind, 0, 0, 0))
    early = [one for one in chunks if one[0] != b"tRNS"]
    data += b"".join(chunk(*one) for one in early)
    if palette is not None:
        data += chunk(b"PLTE", palette.astype(np.uint8).tobytes())
    data += b"".join(chunk(*one) for one in chunks if one[0] == b"tRNS")
    path.write_bytes(data + chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b""))


def icc_chunk(profile):
    return b"iCCP", b"icc\0\0" + zlib.compress(profile)


def text_chunk(key, text):
    return b"iTXt", key.encode("latin-1") + b"\0\0\0\0\0" + text.encode()


@dataclass
class Page:
    """A page of a TIFF: pixels (height, width, samples) and what its tags say."""

    values: np.ndarray
    photometric: int = 2
    extra: tuple = ()
    tags: tuple = ()  # of (number, type, bytes)


def write_tiff(path, *pages, order="<"):
    """An uncompressed TIFF, in either order of bytes."""
    data = (b"II" if order == "<" else b"MM") + struct.pack(f"{order}HI", 42, 0)
    link = 4
    for page in pages:
        place, directory, data = _page(page, data, order)
        data = data[:link] + struct.pack(f"{order}I", place) + data[link + 4 :]
        link = len(data) + len(directory) - 4
        data += directory
    path.write_bytes(data)


def _page(page, data, order):
    height, width, samples = page.values.shape
    kind = page.values.dtype
    start = len(data)
    data += page.values.astype(kind.newbyteorder(order)).tobytes()
    sample_format = {"u": 1, "i": 2, "f": 3}[kind.kind]
    short, long = f"{order}H", f"{order}I"
    entries = [
        (256, 4, struct.pack(long, width)),
        (257, 4, struct.pack(long, height)),
        (258, 3, struct.pack(short, 8 * kind.itemsize) * samples),
        (259, 3, struct.pack(short, 1)),
        (262, 3, struct.pack(short, page.photometric)),
        (273, 4, struct.pack(long, start)),
        (277, 3, struct.pack(short, samples)),
        (278, 4, struct.pack(long, height)),
        (279, 4, struct.pack(long, page.values.nbytes)),
        (339, 3, struct.pack(short, sample_format) * samples),
        *page.tags,
    ]
    if page.extra:
        entries.append((338, 3, b"".join(struct.pack(short, one) for one in page.extra)))
    sizes = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 7: 1, 13: 4}
    head = struct.pack(short, len(entries))
    for number, type_, value in sorted(entries):
        if len(value) > 4:
            data += b"\0" * (len(data) % 2)
            field = struct.pack(long, len(data))
            data += value
        else:
            field = value.ljust(4, b"\0")
        head += struct.pack(f"{order}HHI", number, type_, len(value) // sizes[type_]) + field
    data += b"\0" * (len(data) % 2)
    return len(data), head + bytes(4), data


def write_psd(path, values, mode, resources=(), layers=0):
    """A Photoshop document with its merged picture alone, of 8 or 16 bits."""
    height, width, channels = values.shape
    depth = 8 * values.dtype.itemsize
    data = b"8BPS" + struct.pack(">H6xHIIHH", 1, channels, height, width, depth, mode) + bytes(4)
    blocks = b"".join(
        b"8BIM" + struct.pack(">HHI", number, 0, len(value)) + value + b"\0" * (len(value) % 2)
        for number, value in resources
    )
    data += struct.pack(">I", len(blocks)) + blocks
    layer = struct.pack(">Ih", 2, layers) if layers else b""
    data += struct.pack(">I", len(layer)) + layer
    planes = np.moveaxis(values, 2, 0).astype(f">u{depth // 8}")
    path.write_bytes(data + struct.pack(">H", 0) + planes.tobytes())


def transicc(profile, target, values, black_point=False):
    """Colours converted by Little CMS's own tool, without rounding; RGB from 0 to 255, CMYK from 0 to 100."""
    numbers = "\n".join(f"{value:.10g}" for value in np.asarray(values, float).ravel())
    options = ["-b"] if black_point else []
    done = subprocess.run(
        ["transicc", f"-i{profile}", f"-o{target}", "-t1", "-n", "-c0", *options],
        input=f"{numbers}\nq\n",
        capture_output=True,
        text=True,
        check=True,
    )
    rows = [line.split() for line in done.stdout.splitlines() if line.strip()]
    found = np.array([[float(value) for value in row] for row in rows])
    return found.reshape(*np.shape(values)[:-1], -1)


def magick(path, width, height):
    """A picture's values as ImageMagick reads them: 16 bits, RGB and alpha."""
    done = subprocess.run(
        ["convert", f"{path}[0]", "-depth", "16", "-endian", "LSB", "RGBA:-"], capture_output=True, check=True
    )
    return np.frombuffer(done.stdout, "<u2").reshape(height, width, 4)


def delta_e(first, second):
    """The dE2000 of colours in Lab: Sharma, Wu, Dalal, 2005."""
    (l1, a1, b1), (l2, a2, b2) = (np.moveaxis(np.asarray(one, float), -1, 0) for one in (first, second))
    mean = (np.hypot(a1, b1) + np.hypot(a2, b2)) / 2
    g = 0.5 * (1 - np.sqrt(mean**7 / (mean**7 + 25.0**7)))
    a1, a2 = a1 * (1 + g), a2 * (1 + g)
    c1, c2 = np.hypot(a1, b1), np.hypot(a2, b2)
    h1, h2 = (np.degrees(np.arctan2(b, a)) % 360 for a, b in ((a1, b1), (a2, b2)))
    turn = np.where(c1 * c2 == 0, 0, (h2 - h1 + 180) % 360 - 180)
    dl, dc, dh = l2 - l1, c2 - c1, 2 * np.sqrt(c1 * c2) * np.sin(np.radians(turn) / 2)
    lightness, chroma = (l1 + l2) / 2, (c1 + c2) / 2
    far = np.where(h1 + h2 < 360, h1 + h2 + 360, h1 + h2 - 360)
    hue = np.where(c1 * c2 == 0, h1 + h2, np.where(abs(h1 - h2) <= 180, h1 + h2, far) / 2)
    t = 1 - 0.17 * np.cos(np.radians(hue - 30)) + 0.24 * np.cos(np.radians(2 * hue))
    t += 0.32 * np.cos(np.radians(3 * hue + 6)) - 0.20 * np.cos(np.radians(4 * hue - 63))
    turned = 30 * np.exp(-(((hue - 275) / 25) ** 2))
    sl = 1 + 0.015 * (lightness - 50) ** 2 / np.sqrt(20 + (lightness - 50) ** 2)
    sc, sh = 1 + 0.045 * chroma, 1 + 0.015 * chroma * t
    rt = -np.sin(np.radians(2 * turned)) * 2 * np.sqrt(chroma**7 / (chroma**7 + 25.0**7))
    return np.sqrt((dl / sl) ** 2 + (dc / sc) ** 2 + (dh / sh) ** 2 + rt * dc / sc * dh / sh)
