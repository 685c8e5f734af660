"""Editions: numbered prints with grain of their own, certificates, and work that goes on where it stopped."""

import hashlib
import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from print_pictures import drawn, flat, program, rendered, saved

from bigart_lib.pictures import fonts, pdf
from bigart_lib.pictures.vips import from_array
from bigart_lib.printing import certificate, lettering, work
from bigart_lib.printing.edition import Edition
from bigart_lib.printing.ready import Wanted, print_ready
from bigart_lib.printing.settings import PrintSettings

SMALL = PrintSettings(paper="10x15cm", dpi=150, border="12mm", caption="A lake")
THREE = Edition(
    3, title="Sunset", artist="A. Nyone", date="May 2031", medium="Rag 308 g", method="Pigment print"
)


@pytest.fixture
def picture(tmp_path):
    return saved(tmp_path / "photo.png", drawn(700, 1050))


def made(picture, out, edition=THREE, settings=SMALL, **more):
    messages = []
    wanted = Wanted(edition=edition, **more)
    return print_ready(picture, out, settings, wanted, announce=messages.append), messages


def levels(path):
    return pdf.read_image(path)[0].numpy().astype(float)


def test_an_edition_is_numbered_prints_with_certificates(picture, tmp_path):
    files, messages = made(picture, tmp_path / "out")
    names = [f"photo_10x15cm_{n}-of-3{end}.pdf" for n in (1, 2, 3) for end in ("", "_certificate")]
    assert [file.name for file in files] == names and not messages
    assert {one.name for one in (tmp_path / "out").iterdir()} == {*names, "photo_10x15cm_edition-of-3.json"}
    for number, file in enumerate(files[::2], start=1):
        values = json.loads(program("exiftool", "-json", "-Title", "-XMP-bigart:all", "-a", file))[0]
        assert values["Title"] == f"Sunset, {number}/3" and f"{number}/3" in json.dumps(values)
        assert f"{number}/3".encode() in pdf.read_metadata(file)
        program("qpdf", "--check", file)


def test_numbers_are_padded_so_that_files_sort(picture, tmp_path):
    files, _ = made(picture, tmp_path / "out", Edition(11), replace(SMALL, dpi=50, caption=None, border=0))
    assert files[0].name == "photo_10x15cm_01-of-11.pdf" and files == sorted(files)


def test_grain_is_unique_under_the_loupe_and_the_same_at_arms_length(tmp_path):
    source = saved(tmp_path / "flat.png", flat(600, 900, (140, 120, 100)))
    settings = PrintSettings(paper="10x15cm", dpi=300, depth=16, texture=0.03)
    files, _ = made(source, tmp_path / "out", Edition(2), settings)
    first, second = (levels(file)[..., 0] / 65535 for file in files[::2])
    near, other = first - first.mean(), second - second.mean()
    assert near.std() == pytest.approx(0.03, rel=0.05)
    assert abs((near * other).mean() / (near.std() * other.std())) < 0.01  # nothing in common
    blur = 1.0 / 25.4 * 300  # px of 1 mm: waves of 4 mm and more stay
    far = (
        from_array((first - second).astype(np.float32)[:, :, None]).gaussblur(blur, precision="float").numpy()
    )
    white = 0.03 * 2**0.5 / (2 * blur * np.pi**0.5)  # what white grain would leave
    far = far[40:-40, 40:-40]  # the blur repeats what is at the edge
    assert far.std() < 0.25 * white and np.abs(far).max() < 0.5 / 255


def test_a_print_can_be_made_again_from_seed_and_number(picture, tmp_path):
    first, _ = made(picture, tmp_path / "a")
    again, _ = made(picture, tmp_path / "b", replace(THREE, total=3))
    assert [one.read_bytes() for one in first] == [one.read_bytes() for one in again]
    other, _ = made(picture, tmp_path / "c", settings=replace(SMALL, seed=1))
    assert first[0].read_bytes() != other[0].read_bytes()


def test_what_is_finished_stays_and_only_what_is_missing_is_made(picture, tmp_path, monkeypatch):
    files, _ = made(picture, tmp_path / "out")
    before = {file: (file.read_bytes(), file.stat().st_mtime_ns) for file in files}
    files[2].unlink()
    files[5].unlink()
    printed = []
    original = work.Work.print_to
    monkeypatch.setattr(
        work.Work, "print_to", lambda self, path, *_: (printed.append(path), original(self, path, *_))
    )
    again, _ = made(picture, tmp_path / "out")
    assert again == files and printed == [files[2]]
    for file, (data, time) in before.items():
        assert file.read_bytes() == data
        assert file.stat().st_mtime_ns == time or file in (files[2], files[5])


def test_a_break_loses_only_the_print_that_was_being_made(picture, tmp_path):
    class StopError(Exception):
        pass

    def stop(progress):
        if progress.stage == "write" and progress.step == 2:
            raise StopError

    with pytest.raises(StopError):
        print_ready(picture, tmp_path / "out", SMALL, Wanted(edition=THREE), report=stop)
    left = {one.name for one in (tmp_path / "out").iterdir()}
    assert len(left) == 5 and not [name for name in left if name.startswith(".")]
    files, _ = made(picture, tmp_path / "out")
    assert len(files) == 6 and all(file.is_file() for file in files)


def test_a_print_that_was_changed_is_set_aside_and_made_again(picture, tmp_path):
    files, _ = made(picture, tmp_path / "out")
    right = files[0].read_bytes()
    files[0].write_bytes(b"damaged")
    made(picture, tmp_path / "out")
    assert files[0].read_bytes() == right
    assert files[0].with_name("photo_10x15cm_1-of-3_set-aside.pdf").read_bytes() == b"damaged"


@pytest.mark.parametrize("change", [{"dpi": 100}, {"seed": 4}, {"caption": "Another"}, {"border": "20mm"}])
def test_another_edition_of_that_name_is_not_mixed_in(picture, tmp_path, change):
    files, _ = made(picture, tmp_path / "out")
    before = {file: file.read_bytes() for file in files}
    with pytest.raises(ValueError, match="of an edition with other settings or of another picture"):
        made(picture, tmp_path / "out", settings=replace(SMALL, **change))
    saved(picture, drawn(600, 900, seed=9))
    with pytest.raises(ValueError, match="another picture"):
        made(picture, tmp_path / "out")
    assert {file: file.read_bytes() for file in files} == before


def test_a_strangers_file_is_not_taken_for_a_print(picture, tmp_path):
    (tmp_path / "photo_10x15cm_2-of-3.pdf").write_bytes(b"mine")
    with pytest.raises(FileExistsError):
        made(picture, tmp_path)
    assert (tmp_path / "photo_10x15cm_2-of-3.pdf").read_bytes() == b"mine" and len(
        list(tmp_path.iterdir())
    ) == 2


def test_without_room_for_a_caption_the_number_is_in_the_file_alone_and_that_is_said(picture, tmp_path):
    files, messages = made(
        picture, tmp_path / "out", settings=replace(SMALL, caption=None, border=0, dpi=100)
    )
    messages = [one for one in messages if "pixels an inch" not in one]
    assert len(messages) == 1 and "a border" in messages[0]
    assert b"2/3" in pdf.read_metadata(files[2])


def test_a_certificate_says_all_and_its_code_is_the_hash_of_the_print(picture, tmp_path):
    cv2 = pytest.importorskip("cv2", reason="reads QR codes")
    files, _ = made(picture, tmp_path / "out")
    found = rendered(files[1], 300)
    assert found.shape[:2] == (1748, 2480)  # A5, landscape
    text, *_ = cv2.QRCodeDetector().detectAndDecode(found)
    assert text.lower() == hashlib.sha256(files[0].read_bytes()).hexdigest()


def test_a_code_is_what_segno_makes_of_the_hash_and_is_large_enough(picture, tmp_path):
    import segno

    text = "0" * 63 + "f"
    code = np.asarray(certificate._code(text, 520))
    matrix = np.array([[*row] for row in segno.make_qr(text.upper(), error="m").matrix]) * 255
    module = code.shape[0] // matrix.shape[0]
    assert (
        np.array_equal(code[::module, ::module], matrix) and module * 25.4 / certificate.FINENESS > 0.4
    )  # mm


def test_certificates_are_given_what_is_asked_for(picture, tmp_path, monkeypatch):
    given = []
    monkeypatch.setattr(certificate, "write", lambda path, made, *_: (given.append(made), path.touch()))
    files, _ = made(picture, tmp_path / "out")
    first = given[0]
    assert (first.title, first.number) == ("Sunset", "1 / 3")
    assert first.fingerprint == hashlib.sha256(files[0].read_bytes()).hexdigest()
    assert first.entries == {
        "Artist": "A. Nyone", "Picture": "76 x 126 mm", "Sheet": "100 x 150 mm (10x15cm)",
        "Paper": "Rag 308 g",
        "Method": "Pigment print", "Made of": "449 x 744 px at 150 DPI", "Date": "May 2031",
    }  # fmt: skip


def test_long_words_of_any_script_stay_on_the_certificate(tmp_path):
    source = saved(tmp_path / "photo.png", drawn(300, 300))
    edition = Edition(
        1, title="W" * 200, artist="\u5c71\u7530 \u592a\u90ce " * 20, medium="\u05d0\u05d1" * 80
    )
    files, _ = made(source, tmp_path / "out", edition, PrintSettings(paper="10x10cm", dpi=50))
    found = rendered(files[1], 100)
    assert found[:, -30:].min() > 250 and found[-30:].min() > 250 and found.min() < 60


def test_a_line_is_set_in_one_font_if_one_has_all_its_letters():
    for text in ("Photo Rag", "Hahnemühle Photo Rag 308 g"):
        if fonts.spelled(text, 40) == text:  # fonts for it are here
            assert len({font for _, font in lettering._runs(text, 40)}) == 1


@pytest.mark.parametrize("wrong", [0, -1, 1001, 2.5, "many", True, None])
def test_the_number_of_prints_has_bounds(wrong):
    with pytest.raises(ValueError, match="edition must be"):
        Edition(wrong)


@pytest.mark.parametrize("wrong", ["", " ", "x" * 201, 5])
def test_what_stands_on_certificates_is_a_line(wrong):
    with pytest.raises(ValueError, match="artist must be a line"):
        Edition(3, artist=wrong)


def test_an_edition_in_tiff_is_numbered_too(picture, tmp_path):
    files, _ = made(picture, tmp_path / "out", settings=replace(SMALL, format="tiff"))
    assert [file.suffix for file in files] == [".tif", ".pdf"] * 3
    with Image.open(files[2]) as image:
        assert b"2/3" in image.tag_v2[700]
