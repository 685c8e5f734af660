"""PDF files: pages to the point, pixels without loss, the same bytes; hostile files in one line."""

import json
import zlib

import numpy as np
import pikepdf
import pytest
from PIL import Image
from print_pictures import boxes, drawn, press, program, rendered, srgb

from bigart_lib.pictures import pdf, reading
from bigart_lib.pictures.images import PictureError

XMP = b"<?xpacket begin='' id='W5M0MpCehiHzreSzNTczkc9d'?><x:xmpmeta xmlns:x='adobe:ns:meta/'/>"


def noise(channels, depth, width=83, height=61):
    kind = np.uint8 if depth == 8 else np.uint16
    most = np.iinfo(kind).max
    smooth = np.add.outer(np.arange(height), np.arange(width))[:, :, None] * np.arange(1, channels + 1)
    grain = np.random.default_rng(channels).integers(0, most // 2, (height, width, channels))
    return ((smooth * (most // 700)) % (most // 2) + grain).astype(kind)


def write(path, picture, profile=None, depth=16, dpi=300, **options):
    pdf.write_pdf(path, [pdf.picture_page(picture, dpi, profile, depth)], **options)
    return path


@pytest.mark.parametrize("depth", [8, 16])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_a_picture_comes_back_to_the_last_bit(tmp_path, channels, depth):
    picture = noise(channels, depth)
    profile = srgb() if channels > 2 else None
    path = write(tmp_path / "a.pdf", picture, profile)
    levels, found = pdf.read_image(path)
    assert found == profile and levels.format == "ushort"
    right = picture.astype(np.uint16) * (257 if depth == 8 else 1)
    assert np.array_equal(levels.numpy().reshape(picture.shape), right)
    program("qpdf", "--check", path)


def test_cmyk_keeps_its_four_colours_and_its_profile(tmp_path):
    picture, profile = noise(4, 16), press(tmp_path).read_bytes()
    levels, found = pdf.read_image(write(tmp_path / "a.pdf", picture, profile))
    assert levels.interpretation == "cmyk" and found == profile
    assert np.array_equal(levels.numpy(), picture)


def test_16_bits_become_8_by_rounding(tmp_path):
    picture = noise(3, 8).astype(np.uint16) * 257
    path = write(tmp_path / "a.pdf", picture, srgb(), depth=8)
    with pikepdf.open(path) as found:
        assert found.pages[0].Resources.XObject.Picture0.BitsPerComponent == 8
    assert np.array_equal(pdf.read_image(path)[0].numpy(), picture)


def test_a_picture_is_read_lazily_by_strips_and_written_the_same(tmp_path):
    import pyvips

    picture = noise(3, 16, 700, 3000)  # several strips
    image = pyvips.Image.new_from_memory(picture.data, 700, 3000, 3, "ushort")
    first, second = write(tmp_path / "a.pdf", picture, srgb()), write(tmp_path / "b.pdf", image, srgb())
    assert first.read_bytes() == second.read_bytes()
    assert np.array_equal(pdf.read_image(first)[0].numpy(), picture)


def test_the_same_picture_is_the_same_file_and_another_has_another_id(tmp_path):
    picture = noise(3, 8)
    paths = [write(tmp_path / f"{name}.pdf", picture, srgb(), xmp=XMP) for name in "ab"]
    other = write(tmp_path / "c.pdf", picture + 1, srgb(), xmp=XMP)
    assert paths[0].read_bytes() == paths[1].read_bytes()
    identities = []
    for path in (paths[0], other):
        with pikepdf.open(path) as found:
            identities.append([bytes(one) for one in found.trailer.ID])
            assert "/CreationDate" not in found.docinfo and "/ModDate" not in found.docinfo
    assert identities[0] != identities[1]


def test_what_it_says_of_itself(tmp_path):
    about = {"Title": "Größe 大", "Author": "A. Nyone"}
    path = write(tmp_path / "a.pdf", noise(3, 16), srgb(), xmp=XMP, about=about, output_profile=srgb())
    assert (
        pdf.read_metadata(path) == XMP and XMP in path.read_bytes()
    )  # in clear, for programs that look for it
    assert pdf.read_metadata(write(tmp_path / "b.pdf", noise(3, 16))) is None
    with pikepdf.open(path) as found:
        assert found.pdf_version == "1.7"
        assert {name: str(found.docinfo[f"/{name}"]) for name in about} == about
        (intent,) = found.Root.OutputIntents
        assert intent.S == "/GTS_PDFX" and bytes(intent.DestOutputProfile.read_bytes()) == srgb()
    values = json.loads(program("exiftool", "-json", "-Title", "-Author", path))[0]
    assert (values["Title"], values["Author"]) == tuple(about.values())


def test_boxes_are_where_they_were_asked_for(tmp_path):
    placed = pdf.Placed(noise(3, 8), (10, 20, 110.5, 170.25), srgb())
    line = (0.0, 15.0, 5.0, 15.0)
    page = pdf.Page((120.5, 190.25), (placed,), (), (line,), (15, 25, 105.5, 165.25), (10, 20, 110.5, 170.25))
    path = tmp_path / "a.pdf"
    pdf.write_pdf(path, [page])
    found = boxes(path)
    assert found["MediaBox"] == found["CropBox"] == (0, 0, 120.5, 190.25)
    assert found["TrimBox"] == (15, 25, 105.5, 165.25) and found["BleedBox"] == (10, 20, 110.5, 170.25)
    program("qpdf", "--check", path)


def test_poppler_draws_the_pixels_as_they_are(tmp_path):
    picture = drawn(120, 90)
    path = write(tmp_path / "a.pdf", picture, srgb(), dpi=72)
    program("pdfimages", "-png", path, tmp_path / "out")
    with Image.open(tmp_path / "out-000.png") as image:
        assert np.array_equal(np.asarray(image), picture)
    found = rendered(path)  # which poppler smooths a little
    assert found.shape == picture.shape
    assert np.abs(found.astype(int) - picture)[:, :60].mean() < 3  # without the grain at the right


def test_transparency_lets_the_page_show(tmp_path):
    picture = np.zeros((40, 40, 4), np.uint8)
    picture[:, :20, 3] = 255  # black at the left, nothing at the right
    found = rendered(write(tmp_path / "a.pdf", picture, srgb(), dpi=72))
    assert found[:, :19].max() == 0 and found[:, 21:].min() == 255


def test_a_stencil_is_ink_where_its_mask_is_white(tmp_path):
    mask = Image.new("L", (100, 50))
    mask.paste(255, (0, 0, 50, 50))
    page = pdf.Page((100, 50), stencils=(pdf.Stencil(mask, (0, 0, 100, 50)),))
    pdf.write_pdf(tmp_path / "a.pdf", [page])
    found = rendered(tmp_path / "a.pdf")
    assert found[:, :49].max() == 0 and found[:, 51:].min() == 255


def test_several_pages_share_a_profile(tmp_path):
    profile = press(tmp_path).read_bytes()
    pages = [pdf.picture_page(noise(4, 8), 300, profile) for _ in range(3)]
    pdf.write_pdf(tmp_path / "a.pdf", pages, output_profile=profile)
    with pikepdf.open(tmp_path / "a.pdf") as found:
        assert len(found.pages) == 3
        streams = [one for one in found.objects if isinstance(one, pikepdf.Stream) and "/N" in one]
        assert len(streams) == 1 and bytes(streams[0].read_bytes()) == profile


@pytest.mark.parametrize(
    ("picture", "profile", "says"),
    [
        (noise(3, 8), b"none", "expected an ICC profile"),
        (noise(1, 8), srgb(), "a profile of 3 colours does not go with a picture of 1"),
        (noise(3, 8).astype(np.float32), None, "8 or 16 bits"),
    ],
)
def test_what_does_not_go_together_is_refused_and_nothing_written(tmp_path, picture, profile, says):
    with pytest.raises(ValueError, match=says):
        write(tmp_path / "a.pdf", picture, profile)
    assert not list(tmp_path.iterdir())


def test_a_page_longer_than_pdf_allows_is_refused(tmp_path):
    with pytest.raises(ValueError, match="at most 5080 mm"):
        write(tmp_path / "a.pdf", noise(3, 8), dpi=0.2)


def test_nothing_is_overwritten(tmp_path):
    write(tmp_path / "a.pdf", noise(3, 8))
    before = (tmp_path / "a.pdf").read_bytes()
    with pytest.raises(FileExistsError):
        write(tmp_path / "a.pdf", noise(3, 16))
    assert (tmp_path / "a.pdf").read_bytes() == before and len(list(tmp_path.iterdir())) == 1


def _hostile(path, change):
    """A PDF of ours after a change to its objects."""
    write(path, noise(3, 8), srgb(), xmp=XMP)
    with pikepdf.open(path, allow_overwriting_input=True) as found:
        change(found, found.pages[0].Resources.XObject.Picture0)
        found.save(path, stream_decode_level=pikepdf.StreamDecodeLevel.none, fix_metadata_version=False)
    return path


def _with(**entries):
    def change(_, picture):
        for name, value in entries.items():
            picture[f"/{name}"] = value

    return change


def _bomb(_, picture):
    picture.write(
        zlib.compress(bytes(50_000_000)), filter=pikepdf.Name.FlateDecode, decode_parms=picture.DecodeParms
    )


def _cut(_, picture):
    data = picture.read_raw_bytes()
    picture.write(data[: len(data) // 2], filter=pikepdf.Name.FlateDecode, decode_parms=picture.DecodeParms)


def _no_picture(found, _):
    del found.pages[0].Resources.XObject


def _no_pages(found, _):
    found.Root.Pages = pikepdf.Dictionary(Type=pikepdf.Name.Pages, Count=0, Kids=[])


def _mask_of_itself(_, picture):
    picture.SMask = picture


@pytest.mark.parametrize(
    "change",
    [
        _with(Width=10**9), _with(Width=-3), _with(Width=pikepdf.String("x")), _with(BitsPerComponent=1),
        _with(Filter=pikepdf.Name.DCTDecode), _with(ColorSpace=pikepdf.Array([pikepdf.Name.Indexed, 3])),
        _with(DecodeParms=pikepdf.Array([])), _with(Filter=pikepdf.Array([pikepdf.Name.FlateDecode] * 3)),
        _cut, _no_picture, _no_pages, _mask_of_itself,
    ],
)  # fmt: skip
def test_a_hostile_pdf_is_one_line(tmp_path, change):
    path = _hostile(tmp_path / "a.pdf", change)
    with pytest.raises(PictureError) as error, reading.faults(path):
        pdf.read_image(path)[0].numpy()
    assert str(path) in str(error.value) and "\n" not in str(error.value)


def test_more_pixels_than_declared_fill_no_memory(tmp_path):
    path = _hostile(tmp_path / "a.pdf", _bomb)
    levels, _ = pdf.read_image(path)
    assert (levels.width, levels.height) == (83, 61)


def test_metadata_that_swells_is_refused(tmp_path):
    def swell(found, _):
        found.Root.Metadata = pikepdf.Stream(found, b"")
        found.Root.Metadata.write(zlib.compress(bytes(100_000_000)), filter=pikepdf.Name.FlateDecode)

    with pytest.raises(PictureError, match="more than"):
        pdf.read_metadata(_hostile(tmp_path / "a.pdf", swell))


@pytest.mark.parametrize(
    "data", [b"", b"%PDF-1.7\n", b"%PDF-1.7\nxref\n0 9999999999\n", b"GIF89a", b"\x89PNG"]
)
def test_what_is_no_pdf_is_one_line(tmp_path, data):
    path = tmp_path / "a.pdf"
    path.write_bytes(data)
    for read in (pdf.read_image, pdf.read_metadata):
        with pytest.raises(PictureError) as error:
            read(path)
        assert "\n" not in str(error.value)
    with pytest.raises(PictureError, match="no file"):
        pdf.read_image(tmp_path / "none.pdf")
    with pytest.raises(PictureError, match="no plain file"):
        pdf.read_image(tmp_path)


def test_every_cut_of_a_pdf_is_one_line_or_the_picture(tmp_path):
    data = write(tmp_path / "a.pdf", noise(3, 8, 20, 20), srgb(), xmp=XMP).read_bytes()
    path = tmp_path / "b.pdf"
    for length in range(0, len(data), 97):
        path.write_bytes(data[:length])
        with pytest.raises(PictureError), reading.faults(path):
            pdf.read_image(path)[0].numpy()
