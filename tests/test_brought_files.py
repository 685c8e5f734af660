"""What files carry beside colours: transparency, orientation, words, frames, pages; and broken files."""

import builtins
import hashlib
import io
import shutil
import struct
import subprocess
import sys

import numpy as np
import pytest
from drawn_pictures import (
    COLOURS,
    Page,
    alpha,
    chunk,
    icc_chunk,
    spread,
    text_chunk,
    write_png,
    write_psd,
    write_tiff,
)
from PIL import Image, PngImagePlugin

from bigart_lib.pictures import profiles, reading
from bigart_lib.pictures.formats import header, jpeg
from bigart_lib.pictures.images import PictureError

WIDE_8 = spread(COLOURS)
WIDE_16 = WIDE_8.astype(np.uint16) * 257
XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description xmlns:dc="http://purl.org/dc/elements/1.1/" rdf:about=""><dc:title>Lake</dc:title>'
    b"</rdf:Description></rdf:RDF></x:xmpmeta>"
)
IPTC = b"\x1c\x02\x78\x00\x05A lak\x1c\x02\x50\x00\x03Ann"
RESOURCES = b"8BIM\x04\x04\0\0" + struct.pack(">I", len(IPTC)) + IPTC + bytes(len(IPTC) % 2)


def image():
    return Image.fromarray(WIDE_8)


def exif_of(orientation=1, **tags):
    exif = Image.Exif()
    exif.update({0x0112: orientation, 0x013B: "Ann Artist", **tags})
    return exif


# ---------------------------------------------------------------------------------------------- transparency


def test_a_key_colour_of_any_depth_makes_clear(tmp_path):
    white = (WIDE_8 == 255).all(2)
    for name, values, key in (
        ("rgb.png", WIDE_8, (255,) * 3),
        ("rgb16.png", WIDE_16, (65535,) * 3),
        ("l.png", WIDE_8[..., :1], (255,)),
        ("l16.png", WIDE_16[..., :1], (65535,)),
    ):
        write_png(tmp_path / name, values, [(b"tRNS", struct.pack(f">{len(key)}H", *key))])
        found = reading.read(tmp_path / name)
        assert found.levels.shape[2] == values.shape[2] + 1
        assert (
            found.levels[..., -1]
            == np.where(white if values.shape[2] == 3 else values[..., 0] == values.max(), 0, 65535)
        ).all()


def test_palettes_may_be_transparent(tmp_path):
    indices = spread(np.arange(12, dtype=np.uint8).reshape(3, 4, 1))
    shares = bytes(range(0, 240, 20))
    write_png(tmp_path / "a.png", indices, [(b"tRNS", shares)], palette=COLOURS.reshape(-1, 3))
    found = reading.read(tmp_path / "a.png").levels
    assert (found[..., :3] == WIDE_16).all() and (found[..., 3] == indices[..., 0] * 20 * 257.0).all()
    image().quantize(8).save(tmp_path / "a.gif", transparency=0)
    clear = reading.read(tmp_path / "a.gif").levels[..., 3]
    assert set(np.unique(clear)) == {0, 65535}


def test_a_palette_of_greys_is_grey(tmp_path):
    greys = np.linspace(0, 255, 12).astype(np.uint8)[:, None].repeat(3, 1)
    indices = spread(np.arange(12, dtype=np.uint8).reshape(3, 4, 1))
    write_png(tmp_path / "a.png", indices, palette=greys)
    Image.fromarray(greys[indices[..., 0]][..., 0]).quantize(8).save(tmp_path / "a.gif")
    for name in ("a.png", "a.gif"):
        assert reading.read(tmp_path / name).levels.shape[2] == 1


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
@pytest.mark.parametrize(("extra", "is_multiplied"), [(1, True), (2, False)])
def test_a_tiff_with_transparency_is_read_straight(extra, is_multiplied, kind, tmp_path):
    most = np.iinfo(kind).max
    share = alpha().astype(kind) * kind(most // 255)
    colours = WIDE_8.astype(kind) * kind(most // 255)
    stored = np.rint(colours * (share / most)).astype(kind) if is_multiplied else colours
    write_tiff(tmp_path / "a.tif", Page(np.concatenate([stored, share], 2), extra=(extra,)))
    found = reading.read(tmp_path / "a.tif").levels
    assert (found[..., 3:] == share * (65535.0 / most)).all()
    visible = share[..., 0] > most // 2
    assert abs(found[..., :3] - WIDE_16.astype(int))[visible].max() <= (514 if is_multiplied else 0)


@pytest.mark.parametrize(
    ("extra", "channels", "note"),
    [
        ((), 4, None),
        ((0,), 3, "a channel that is no transparency is left out"),
        ((0, 2), 4, "a channel"),
        ((0, 0), 3, "2 channels"),
    ],
)
def test_a_channel_of_a_tiff_that_is_no_transparency_is_not_taken_for_one(extra, channels, note, tmp_path):
    more = [alpha()] * max(1, len(extra))
    write_tiff(tmp_path / "a.tif", Page(np.concatenate([WIDE_8, *more], 2), extra=extra))
    found = reading.read(tmp_path / "a.tif")
    assert found.levels.shape[2] == channels and (found.levels[..., :3] == WIDE_16).all()
    assert [one.startswith(note or "") for one in found.carried.notes] == ([True] if note else [])


def test_what_is_opaque_everywhere_has_no_transparency(tmp_path):
    image().convert("RGBA").save(tmp_path / "a.png")
    image().convert("LA").save(tmp_path / "b.png")
    assert reading.read(tmp_path / "a.png").levels.shape[2] == 3
    assert reading.read(tmp_path / "b.png").levels.shape[2] == 1


@pytest.mark.parametrize("on_white", [True, False])
def test_a_photoshop_document_laid_on_white_gets_its_colours_back(on_white, tmp_path):
    share = alpha() / 255
    stored = np.rint(WIDE_8 * share + 255 * (1 - share)).astype(np.uint8) if on_white else WIDE_8
    values = np.concatenate([stored, alpha()], 2)
    write_psd(tmp_path / "a.psd", values, 3, layers=-1)
    write_psd(tmp_path / "selection.psd", values, 3, layers=1)
    found = reading.read(tmp_path / "a.psd").levels
    visible = alpha()[..., 0] > 80
    assert abs(found[..., :3] - WIDE_16.astype(int))[visible].max() <= (2 * 257 if on_white else 0)
    assert reading.read(tmp_path / "selection.psd").levels.shape[2] == 3  # a channel that somebody kept


# ---------------------------------------------------------------------------------------------- numbers


@pytest.mark.parametrize(
    ("factor", "note"), [(1, None), (255, "255 is taken as white"), (65535, "65535 is taken as white")]
)
def test_floats_are_understood_in_any_usual_range(factor, note, tmp_path):
    write_tiff(tmp_path / "a.tif", Page((WIDE_8 / 255 * factor).astype(np.float32)))
    found = reading.read(tmp_path / "a.tif")
    assert abs(found.levels - WIDE_16.astype(int)).max() <= 1 and found.carried.depth == 16
    assert (note or "") in " ".join(found.carried.notes) and bool(found.carried.notes) == bool(note)


def test_light_beyond_white_is_cut_and_no_numbers_are_black(tmp_path):
    values = (WIDE_8 / 255).astype(np.float32)
    values[0, 0], values[0, 1], values[0, 2] = 7.5, np.nan, np.inf
    write_tiff(tmp_path / "a.tif", Page(values))
    found = reading.read(tmp_path / "a.tif")
    assert found.levels[0, :3].tolist() == [[65535] * 3, [0] * 3, [65535] * 3]
    assert abs(found.levels - WIDE_16.astype(int))[1:].max() <= 1
    assert "no numbers are taken as black" in " ".join(found.carried.notes)
    assert "brighter than white is cut" in " ".join(found.carried.notes)


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_few_greys_are_spread_over_all(bits, tmp_path):
    values = np.arange(2**bits, dtype=np.uint8).reshape(1, -1, 1)
    write_png(tmp_path / "a.png", values, bits=bits)
    expected = np.arange(2**bits) * 65535 / (2**bits - 1)
    assert (reading.read(tmp_path / "a.png").levels[0, :, 0] == expected).all()


def test_a_deep_avif_stays_deep(tmp_path):
    from bigart_lib.pictures.vips import from_array

    ramp = np.linspace(0, 65535, 64 * 48 * 3).reshape(48, 64, 3).astype(np.uint16)
    for bits in (10, 12):
        from_array(ramp, "rgb16").heifsave(
            str(tmp_path / "a.avif"), compression="av1", bitdepth=bits, lossless=True
        )
        found = reading.read(tmp_path / "a.avif")
        assert found.carried.depth == 16
        assert abs(found.levels - ramp.astype(int)).max() < 65535 / (2**bits - 1)
        assert len(np.unique(found.levels)) > 600


@pytest.mark.parametrize("kind", ["P2", "P3", "P5", "P6"])
def test_deep_files_of_the_ppm_family_stay_deep(kind, tmp_path):
    values = np.linspace(0, 1023, 5 * 4 * 3).astype(int)[: 20 if kind in ("P2", "P5") else 60]
    data = " ".join(map(str, values)).encode() if kind in ("P2", "P3") else values.astype(">u2").tobytes()
    (tmp_path / "a.ppm").write_bytes(kind.encode() + b"\n# a comment\n5 4\n1023\n" + data)
    found = reading.read(tmp_path / "a.ppm")
    assert abs(found.levels.ravel() - values * 65535 / 1023).max() <= 0.5 and found.carried.depth == 16


# ---------------------------------------------------------------------------------------------- orientation


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.tif", "a.webp", "a.avif"])
def test_a_picture_is_upright_and_its_exif_says_so(name, orientation, tmp_path):
    options = {"quality": 100} if name == "a.avif" else {"lossless": True} if name == "a.webp" else {}
    tags = exif_of(orientation)
    image().save(tmp_path / name, exif=tags if name == "a.tif" else tags.tobytes(), dpi=(100, 200), **options)
    found = reading.read(tmp_path / name)
    with Image.open(tmp_path / name) as stored:
        from PIL import ImageOps

        upright = np.asarray(ImageOps.exif_transpose(stored).convert("RGB"))
    assert found.levels.shape == upright.shape and (found.levels == upright * 257.0).all()
    assert reading.size(tmp_path / name) == found.size == ((64, 48) if orientation < 5 else (48, 64))
    again = Image.Exif()
    again.load(found.carried.exif)
    assert again.get(0x0112, 1) == 1 and again[0x013B] == "Ann Artist"
    if name in ("a.jpg", "a.png", "a.tif"):
        assert found.carried.dpi == ((100, 200) if orientation < 5 else (200, 100))


def test_one_that_is_turned_may_be_read_in_any_order(tmp_path):
    image().save(tmp_path / "a.jpg", exif=exif_of(6).tobytes())
    strip, carried = reading.stream(tmp_path / "a.jpg")
    whole = reading.read(tmp_path / "a.jpg").levels
    assert (strip.width, strip.height) == (48, 64) and strip.format == "ushort"
    assert (strip.crop(0, 40, 48, 8).numpy() == whole[40:48]).all()
    image().save(tmp_path / "a.png")
    strip, _ = reading.stream(tmp_path / "a.png", is_random=True)
    for top in (40, 0, 20):
        assert (strip.crop(0, top, 64, 8).numpy() == WIDE_16[top : top + 8]).all()


# ---------------------------------------------------------------------------------------------- words


def jpeg_with(*segments):
    """A JPEG with these segments behind its start."""
    buffer = io.BytesIO()
    image().save(buffer, "JPEG", quality=90)
    data = buffer.getvalue()
    more = b"".join(
        b"\xff" + bytes([mark]) + struct.pack(">H", len(value) + 2) + value for mark, value in segments
    )
    return data[:2] + more + data[2:]


def test_a_jpeg_keeps_all_that_it_carries(tmp_path):
    profile = profiles.DISPLAY_P3()
    (tmp_path / "a.jpg").write_bytes(
        jpeg_with(
            (0xE0, b"JFIF\0\1\1\2" + struct.pack(">HH", 118, 118) + b"\0\0"),
            (0xE1, b"Exif\0\0" + exif_of().tobytes().removeprefix(b"Exif\0\0")),
            (0xE1, jpeg.XMP_MARK + XMP),
            (0xE2, b"ICC_PROFILE\0\2\2" + profile[300:]),
            (0xE2, b"ICC_PROFILE\0\1\2" + profile[:300]),
            (0xED, b"Photoshop 3.0\0" + RESOURCES),
            (0xFE, "für Ann".encode()),
            (0xFE, b"caf\xe9"),
        )
    )
    found = reading.read(tmp_path / "a.jpg").carried
    assert found == reading.read_carried(tmp_path / "a.jpg")
    assert (found.profile, found.iptc, found.xmp) == (profile, IPTC, XMP)
    assert found.dpi == pytest.approx((299.72, 299.72)) and found.texts == {"Comment": "für Ann\ncafé"}
    assert b"Ann Artist" in found.exif and found.exif[:2] in (b"II", b"MM")


def test_xmp_that_is_too_long_for_a_segment_is_put_together(tmp_path):
    extension = XMP.replace(b"dc:title>Lake", b"dc:subject>" + b"reeds " * 20_000).replace(
        b"</dc:title", b"</dc:subject"
    )
    extension = extension.replace(b"</dc:subject>", b"</dc:subject>", 1)
    name = hashlib.md5(extension).hexdigest().upper().encode()
    note = (
        b'<rdf:Description xmlns:xmpNote="http://ns.adobe.com/xmp/note/" xmpNote:HasExtendedXMP="'
        + name
        + b'" '
    )
    first = XMP.replace(b"<rdf:Description ", note)
    parts = [(start, extension[start : start + 60_000]) for start in range(0, len(extension), 60_000)]
    segments = [
        (0xE1, jpeg.EXTENSION_MARK + name + struct.pack(">II", len(extension), start) + part)
        for start, part in reversed(parts)
    ]
    (tmp_path / "a.jpg").write_bytes(jpeg_with((0xE1, jpeg.XMP_MARK + first), *segments))
    found = reading.read_carried(tmp_path / "a.jpg")
    assert (
        b"Lake" in found.xmp and found.xmp.count(b"reeds ") == 20_000 and b"HasExtendedXMP" not in found.xmp
    )
    assert found.xmp.count(b"rdf:RDF") == 2 and not found.notes


def test_a_png_keeps_all_that_it_carries(tmp_path):
    iptc = f"\niptc\n{len(RESOURCES):8}\n{RESOURCES.hex()}\n".encode()
    chunks = [
        icc_chunk(profiles.ADOBE_RGB()),
        (b"pHYs", struct.pack(">IIB", 23622, 11811, 1)),
        (b"eXIf", exif_of().tobytes().removeprefix(b"Exif\0\0")),
        (b"tEXt", b"Author\0caf\xe9"),
        text_chunk("Title", "夕陽"),
        text_chunk("XML:com.adobe.xmp", XMP.decode()),
        (b"tEXt", b"Raw profile type iptc\0" + iptc),
    ]
    write_png(tmp_path / "a.png", WIDE_8, chunks)
    found = reading.read(tmp_path / "a.png").carried
    assert found.texts == {"Author": "café", "Title": "夕陽"}
    assert (found.profile, found.xmp, found.iptc, found.dpi) == (profiles.ADOBE_RGB(), XMP, IPTC, (600, 300))
    assert b"Ann Artist" in found.exif


def test_a_tiff_keeps_all_that_it_carries_in_either_order(tmp_path):
    for order in "<>":
        dpi = struct.pack(f"{order}II", 11811, 100)
        tags = (
            (270, 2, b"A lake\0"), (274, 3, struct.pack(f"{order}H", 3)), (315, 2, b"Ann Artist\0"),
            (282, 5, dpi), (283, 5, dpi),
            (296, 3, struct.pack(f"{order}H", 3)), (700, 1, XMP), (33723, 7, IPTC),
            (34675, 7, profiles.ADOBE_RGB()),
        )  # fmt: skip
        write_tiff(tmp_path / "a.tif", Page(WIDE_8, tags=tags), order=order)
        found = reading.read(tmp_path / "a.tif")
        assert (found.levels == WIDE_16[::-1, ::-1]).all()
        carried = found.carried
        assert (carried.profile, carried.xmp, carried.iptc) == (profiles.ADOBE_RGB(), XMP, IPTC)
        assert carried.dpi == (300, 300)
        exif = Image.Exif()
        exif.load(carried.exif)
        assert dict(exif) == {270: "A lake", 315: "Ann Artist"}


def test_webp_avif_gif_and_psd_keep_what_they_carry(tmp_path):
    blocks = {"exif": exif_of().tobytes(), "xmp": XMP, "icc_profile": profiles.DISPLAY_P3()}
    for name in ("a.webp", "a.avif"):
        image().save(tmp_path / name, **blocks)
        found = reading.read_carried(tmp_path / name)
        assert found.profile == profiles.DISPLAY_P3() and found.xmp == XMP and b"Ann Artist" in found.exif
    image().quantize(8).save(tmp_path / "a.gif", comment="für Ann".encode())
    assert reading.read_carried(tmp_path / "a.gif").texts == {"Comment": "für Ann"}
    resolution = struct.pack(">IHHIHH", 240 << 16, 1, 1, 240 << 16, 1, 1)
    resources = [(1005, resolution), (1028, IPTC), (1039, profiles.ADOBE_RGB()), (1060, XMP)]
    write_psd(tmp_path / "a.psd", WIDE_8, 3, resources)
    found = reading.read_carried(tmp_path / "a.psd")
    assert (found.dpi, found.iptc, found.xmp, found.profile) == ((240, 240), IPTC, XMP, profiles.ADOBE_RGB())


@pytest.mark.skipif(not shutil.which("exiftool"), reason="exiftool is not installed")
def test_exif_loses_its_thumbnail_and_orientation_and_nothing_else(tmp_path):
    image().save(tmp_path / "a.jpg", exif=exif_of(6).tobytes())
    Image.new("RGB", (16, 12)).save(tmp_path / "thumbnail.jpg")
    said = ["-Make=Canon", "-GPSLatitude=50", "-GPSLatitudeRef=N", "-ISO=200", "-UserComment=hello", "-n"]
    thumbnail = f"-ThumbnailImage<={tmp_path / 'thumbnail.jpg'}"
    subprocess.run(
        ["exiftool", "-q", "-overwrite_original", *said, thumbnail, tmp_path / "a.jpg"], check=True
    )
    block = reading.read_carried(tmp_path / "a.jpg").exif
    assert b"\xff\xd8\xff" not in block
    (tmp_path / "exif.tif").write_bytes(block)
    command = ["exiftool", "-s3", "-n", "-p", "$Make $GPSLatitude $ISO $UserComment $Orientation $Artist"]
    done = subprocess.run([*command, tmp_path / "exif.tif"], capture_output=True, text=True)
    assert done.stdout.strip() == "Canon 50 200 hello 1 Ann Artist"


def test_large_texts_and_profiles_are_no_hindrance_and_too_large_ones_are_left_out(tmp_path):
    limits = (PngImagePlugin.MAX_TEXT_CHUNK, PngImagePlugin.MAX_TEXT_MEMORY)
    profile = profiles.DISPLAY_P3()
    large = struct.pack(">I", len(profile)) + profile[4:] + np.random.default_rng(0).bytes(1_500_000)
    information = PngImagePlugin.PngInfo()
    information.add_text("Story", "once upon a time " * 200_000, zip=True)
    information.add_text("Bomb", "b" * (header.MOST_TEXT + 1), zip=True)
    information.add_text("Title", "Lake")
    image().save(tmp_path / "a.png", pnginfo=information, icc_profile=large)
    found = reading.read(tmp_path / "a.png")
    assert len(found.carried.texts["Story"]) > 3_000_000 and found.carried.texts["Title"] == "Lake"
    assert "Bomb" not in found.carried.texts and "'Bomb'" in found.carried.notes[0]
    assert found.carried.profile == large and (found.levels == WIDE_16).all()
    assert limits == (PngImagePlugin.MAX_TEXT_CHUNK, PngImagePlugin.MAX_TEXT_MEMORY)


def test_exif_that_makes_no_sense_is_left_out(tmp_path):
    (tmp_path / "a.jpg").write_bytes(jpeg_with((0xE1, b"Exif\0\0MM\0*\0\1\0\0 nothing")))
    found = reading.read_carried(tmp_path / "a.jpg")
    assert found.exif is None and found.notes == ("its EXIF is left out: it cannot be read",)


# ---------------------------------------------------------------------------------------------- several


def test_the_largest_page_is_taken_and_told(tmp_path):
    small = Page(WIDE_8[:16, :16])
    write_tiff(tmp_path / "a.tif", small, Page(WIDE_8), Page(WIDE_16[:20]), order=">")
    found = reading.read(tmp_path / "a.tif")
    assert (found.levels == WIDE_16).all() and found.carried.depth == 8
    assert found.carried.notes == ("of 3 pages the largest, page 2, is taken",)


@pytest.mark.parametrize("name", ["a.gif", "a.webp", "a.png", "a.avif"])
def test_the_first_frame_is_taken_and_told(name, tmp_path):
    others = [Image.new("RGB", (64, 48), colour) for colour in ("red", "blue")]
    options = {"lossless": True} if name == "a.webp" else {"quality": 100} if name == "a.avif" else {}
    image().save(tmp_path / name, save_all=True, append_images=others, **options)
    found = reading.read(tmp_path / name)
    assert found.carried.notes == ("of 3 frames the first is taken",)
    assert abs(found.levels[..., :3] - WIDE_16.astype(int))[8::16, 8::16].max() <= 257 * 5


def test_the_first_picture_of_several_in_a_jpeg_is_taken_and_told(tmp_path):
    image().save(tmp_path / "a.jpg", "MPO", save_all=True, append_images=[Image.new("RGB", (64, 48), "red")])
    found = reading.read(tmp_path / "a.jpg")
    assert found.size == (64, 48) and found.levels[0, 0].min() > 64000
    assert found.carried.notes == ("of 2 pictures in the file the first is taken",)


# ---------------------------------------------------------------------------------------------- broken


def files(folder):
    """A picture in each format."""
    options = {"a.tif": {"compression": "tiff_lzw"}, "b.jpg": {"progressive": True}}
    for name in (
        "a.png",
        "a.jpg",
        "b.jpg",
        "a.tif",
        "b.tif",
        "a.webp",
        "a.avif",
        "a.bmp",
        "a.gif",
        "a.jp2",
        "a.ppm",
    ):
        image().save(folder / name, **options.get(name, {}))
    restarts = {"restart_marker_blocks": 3, "quality": 90}
    image().save(folder / "c.jpg", **restarts)
    write_psd(folder / "a.psd", WIDE_8, 3, [(1028, IPTC)])
    write_tiff(folder / "c.tif", Page(WIDE_16))
    return sorted(folder.iterdir())


def test_a_file_that_was_cut_short_anywhere_is_refused_in_one_line_or_read_whole(tmp_path):
    (tmp_path / "whole").mkdir()
    for path in files(tmp_path / "whole"):
        whole, data = reading.read(path).levels, path.read_bytes()
        cut = tmp_path / f"cut{path.suffix}"
        for length in {*range(len(data) - 12, len(data)), *range(1, len(data), max(1, len(data) // 23))}:
            cut.write_bytes(data[:length])
            try:
                found = reading.read(cut)
            except PictureError as error:
                assert len(str(error).splitlines()) == 1 and str(error).startswith(str(cut)), error
            else:
                assert found.levels.shape == whole.shape and (found.levels == whole).all(), (
                    path.name,
                    length,
                )


def test_a_file_with_wrong_bytes_is_read_or_refused_in_one_line(tmp_path, capfd):
    (tmp_path / "whole").mkdir()
    rng = np.random.default_rng(0)
    for path in files(tmp_path / "whole"):
        data = path.read_bytes()
        for _ in range(40):
            bad = bytearray(data)
            for place in rng.integers(0, min(len(data), rng.choice([60, 400, len(data)])), 3):
                bad[place] = rng.integers(256)
            (tmp_path / path.name).write_bytes(bad)
            try:
                reading.read(tmp_path / path.name)
            except PictureError as error:
                assert len(str(error).splitlines()) == 1 and len(str(error)) < 600
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("missing", [1, 2])
@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_rows": 1}])
def test_a_jpeg_that_lacks_only_its_end_is_opened(options, missing, tmp_path):
    image().save(tmp_path / "a.jpg", **options)
    whole, data = reading.read(tmp_path / "a.jpg"), (tmp_path / "a.jpg").read_bytes()
    (tmp_path / "a.jpg").write_bytes(data[:-missing])
    found = reading.read(tmp_path / "a.jpg")
    assert (found.levels == whole.levels).all()
    assert found.carried.notes == ("the file lacks its end, but no pixel",)


def test_bytes_behind_a_picture_do_no_harm(tmp_path):
    for path in files(tmp_path):
        whole = reading.read(path).levels
        path.write_bytes(path.read_bytes() + b"more" * 100)
        assert (reading.read(path).levels == whole).all(), path.name


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"%!PS-Adobe-3.0 EPSF-3.0\nshowpage\n", "of no kind that is known"),
        (b"%PDF-1.7\n", "of no kind that is known"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "of no kind that is known"),
        (b"", "found an empty file"),
        (b"\x89PNG\r\n\x1a\n", "its header is missing"),
        (b"II*\0\x08\0\0\0\0\0\0\0\0\0", "it has no picture"),
        (b"8BPS" + bytes(40), "of a kind that is not known"),
    ],
)
@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a"])
def test_what_is_no_picture_is_refused_whatever_it_is_called(name, content, reason, tmp_path):
    (tmp_path / name).write_bytes(content)
    for read in (reading.read, reading.read_carried, reading.size, reading.stream):
        with pytest.raises(PictureError, match=reason):
            read(tmp_path / name)


def test_a_tiff_that_points_to_itself_ends(tmp_path):
    write_tiff(tmp_path / "a.tif", Page(WIDE_8), Page(WIDE_8[:9]))
    data = bytearray((tmp_path / "a.tif").read_bytes())
    data[-4:] = data[4:8]
    (tmp_path / "a.tif").write_bytes(data)
    assert (reading.read(tmp_path / "a.tif").levels == WIDE_16).all()


def test_a_camera_raw_file_is_refused_for_its_preview_would_be_taken(tmp_path):
    write_tiff(tmp_path / "a.dng", Page(WIDE_8, tags=((50706, 1, b"\1\4\0\0"),)))
    with pytest.raises(PictureError, match="it is a camera's raw file: develop it first"):
        reading.read(tmp_path / "a.dng")


def test_a_picture_that_is_too_large_is_refused_by_its_header(tmp_path):
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0))
    (tmp_path / "a.png").write_bytes(data + chunk(b"IDAT", b"") + chunk(b"IEND", b""))
    with pytest.raises(PictureError, match="has 60000x60000 pixels, too many to read"):
        reading.read(tmp_path / "a.png")


HEIC = struct.pack(">I4s4sI4s4s", 24, b"ftyp", b"heic", 0, b"mif1", b"heic") + bytes(64)


def test_heic_without_its_library_is_refused_with_what_to_do(tmp_path, monkeypatch):
    original = builtins.__import__

    def absent(name, *arguments, **options):
        if name == "pillow_heif":
            raise ImportError(name)
        return original(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", absent)
    monkeypatch.delitem(sys.modules, "pillow_heif", raising=False)
    (tmp_path / "a.png").write_bytes(HEIC)
    with pytest.raises(
        PictureError, match="it is HEIC, for which pillow-heif is missing: pip install pillow-heif"
    ):
        reading.read(tmp_path / "a.png")


def test_heic_is_read_where_its_library_is(tmp_path):
    pillow_heif = pytest.importorskip("pillow_heif")
    picture = pillow_heif.from_bytes("RGB", (64, 48), WIDE_8.tobytes())
    picture.save(tmp_path / "a.heic", quality=100, chroma=444, exif=exif_of(6).tobytes())
    found = reading.read(tmp_path / "a.heic")
    turned = np.rot90(WIDE_16, -1)
    assert found.levels.shape == turned.shape and b"Ann Artist" in found.carried.exif
    assert abs(found.levels - turned.astype(int))[8::16, 8::16].max() <= 257 * 4
    deep = pillow_heif.from_bytes("RGB;16", (64, 48), WIDE_16.tobytes())
    deep.save(tmp_path / "b.heic", quality=-1)
    assert reading.read(tmp_path / "b.heic").carried.depth == 16
    (tmp_path / "c.heic").write_bytes((tmp_path / "a.heic").read_bytes()[:300])
    with pytest.raises(PictureError, match="is not a picture that can be read"):
        reading.read(tmp_path / "c.heic")
