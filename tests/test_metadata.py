"""What files say of themselves, in each format: recipe, what the picture is, and all that its author said."""

import io
import json
import shutil
import struct
import subprocess
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from bigart_lib.pictures import metadata, profiles, reading, recipe, tags
from bigart_lib.pictures.carried import Carried
from bigart_lib.pictures.images import PictureError
from bigart_lib.pictures.metadata import ATTRIBUTION, packet
from bigart_lib.pictures.recipe import Recipe
from bigart_lib.pictures.results import with_pixels
from bigart_lib.pictures.writing import Form, save
from bigart_lib.pictures.xmp import Packet, extended
from bigart_lib.settings import GenerateSettings, PaintSettings

ENDINGS = (".png", ".tif", ".jpg", ".webp", ".pdf")
READ = ENDINGS[:-1]  # by `reading`: a PDF is not brought
SOURCE_TYPE = "Iptc4xmpExt:DigitalSourceType"
IMAGE = Image.effect_noise((40, 30), 60).convert("RGB")
PROMPT = 'a "red" lake & <ünder> 湖 sky'
PAINTED = Recipe("embedded", prompt=PROMPT, generate=GenerateSettings(7), index=2, steps={"64": "ab"})
ENLARGED = Recipe("embedded", source="photo.jpg", source_pixels="cd" * 32, paint=PaintSettings())
ENHANCED = replace(ENLARGED, steps={"2x": "a", "2x_enhanced": "b", "4x": "c"})
NAMESPACES = " ".join(
    f'xmlns:{prefix}="{space}"'
    for prefix, space in {
        "dc": "http://purl.org/dc/elements/1.1/", "xmp": "http://ns.adobe.com/xap/1.0/",
        "tiff": "http://ns.adobe.com/tiff/1.0/", "exif": "http://ns.adobe.com/exif/1.0/",
        "xmpMM": "http://ns.adobe.com/xap/1.0/mm/", "photoshop": "http://ns.adobe.com/photoshop/1.0/",
        "stEvt": "http://ns.adobe.com/xap/1.0/sType/ResourceEvent#", "mine": "http://example.com/mine/",
        "Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
    }.items()
)  # fmt: skip
RDF = (
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    f'<rdf:Description rdf:about="" {NAMESPACES} xmp:Rating="4" tiff:Orientation="6" %s>%s</rdf:Description>'
    "</rdf:RDF>"
)
AUTHORS = RDF % (
    'exif:PixelXDimension="9000" photoshop:Credit="Jane"',
    '<dc:title><rdf:Alt><rdf:li xml:lang="x-default">Harbour</rdf:li><rdf:li xml:lang="de">Hafen</rdf:li>'
    "</rdf:Alt></dc:title><dc:creator><rdf:Seq><rdf:li>Jane</rdf:li><rdf:li>Joe</rdf:li></rdf:Seq></dc:creator>"
    "<tiff:ImageWidth>9000</tiff:ImageWidth><mine:note>kept</mine:note>"
    '<xmpMM:History><rdf:Seq><rdf:li stEvt:action="saved" stEvt:softwareAgent="Editor"/></rdf:Seq>'
    "</xmpMM:History>",
)
IPTC = b"".join(
    b"\x1c" + bytes((record, number)) + struct.pack(">H", len(value)) + value
    for record, number, value in (
        (1, 90, b"\x1b%G"), (2, 0, b"\0\4"), (2, 5, "Häfen".encode()), (2, 80, "Jane Öst".encode()),
        (2, 25, b"sea"), (2, 25, b"boat"), (2, 116, "© Jane".encode()),
    )
)  # fmt: skip


def needs(tool):
    return pytest.mark.skipif(shutil.which(tool) is None, reason=f"{tool} is not installed")


def exif(order):
    """An author's EXIF in either order of bytes, with a place and a maker's note."""
    made = Image.Exif()
    made.endian = order
    said = {271: "Camera & Sons", 272: "One", 274: 1, 282: 72.0, 283: 72.0, 296: 2, 33432: "(c) Jane"}
    made.update({**said, 315: "Jane Ost"})
    made.get_ifd(tags.EXIF).update(
        {36867: "2020:01:02 03:04:05", 33434: (1, 250), 40962: 9000, 37500: b"Nikon" * 9}
    )
    made.get_ifd(tags.GPS).update({1: "N", 2: (54.0, 19.0, 30.5)})
    return made.tobytes().removeprefix(b"Exif\0\0")


def texts(made_by):
    return with_pixels(made_by, "4x" if made_by.source else "256", IMAGE).texts()


def told(path, *names, options=()):
    """What ExifTool says, by names with their groups."""
    wanted = [f"-{name}" for name in names]
    done = subprocess.run(["exiftool", "-j", "-G1", *options, *wanted, path], capture_output=True, timeout=60)
    found = json.loads(done.stdout)[0]
    return {name: value for name, value in found.items() if name != "SourceFile"}


# ---------------------------------------------------------------------------------------------- recipes


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("made_by", [PAINTED, ENLARGED, ENHANCED])
def test_a_recipe_is_read_back_from_each_format(ending, made_by, tmp_path):
    path = tmp_path / f"a{ending}"
    save(IMAGE, path, texts(made_by))
    found, is_same = recipe.read(path)
    assert found == with_pixels(made_by, "4x" if made_by.source else "256", IMAGE)
    assert is_same is (None if ending == ".jpg" else True)
    assert recipe.read_as_written(path) == json.loads(json.dumps(found.to_dict()))
    picture = recipe.read_picture(path)[1]
    assert picture.mode == "RGB" and (ending == ".jpg" or picture.tobytes() == IMAGE.tobytes())


@pytest.mark.parametrize("ending", [".png", ".tif", ".webp", ".pdf"])
def test_changed_pixels_are_seen_in_formats_without_loss(ending, tmp_path):
    changed = IMAGE.copy()
    changed.putpixel((3, 3), (1, 2, 3))
    save(changed, tmp_path / f"a{ending}", texts(PAINTED))
    assert recipe.read(tmp_path / f"a{ending}")[1] is False


@pytest.mark.parametrize("ending", [".png", ".tif", ".pdf"])
def test_16_bits_have_the_hash_of_their_8(ending, tmp_path):
    ramp = np.repeat(np.linspace(0, 40_000, 300)[:, None, None], 50, 1).round().astype(np.uint16)
    made_by = replace(PAINTED, stage="256", steps={"256": recipe.pixel_hash(ramp)})
    for depth in (8, 16):
        save(ramp, tmp_path / f"{depth}{ending}", made_by.texts(), form=Form(depth))
        assert recipe.read(tmp_path / f"{depth}{ending}")[1] is True


def test_of_a_webp_with_loss_nobody_can_tell(tmp_path):
    save(IMAGE, tmp_path / "a.webp", texts(PAINTED), form=Form(quality=95))
    assert recipe.read(tmp_path / "a.webp")[1] is None


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_picture_without_a_recipe_says_so(ending, tmp_path):
    save(IMAGE, tmp_path / f"a{ending}")
    with pytest.raises(PictureError, match="carries no recipe"):
        recipe.read(tmp_path / f"a{ending}")


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_long_recipe_is_kept_too(ending, tmp_path):
    made_by = replace(PAINTED, prompt="lake " * 19_000, sampling={f"a{i}": ["x" * 400] for i in range(1800)})
    path = tmp_path / f"a{ending}"
    assert len(json.dumps(made_by.to_dict())) > 800_000
    assert save(IMAGE, path, texts(made_by)) == ()
    assert recipe.read(path)[0].sampling == made_by.sampling


def test_what_an_xmp_packet_of_a_jpeg_cannot_hold_is_in_its_extension():
    long = {"bigart": json.dumps({**PAINTED.to_dict(), "more": "x" * 200_000})}
    main, extension = extended(packet(long)[0], 65_000)
    assert len(main) <= 65_000 < len(extension)
    assert Packet(main).text("dc:title") == PROMPT and Packet(main).text("bigart:recipe") is None
    assert json.loads(Packet(extension).text("bigart:recipe"))["more"] == "x" * 200_000
    assert extended(main, 70_000) == (main, None)


@needs("exiftool")
def test_exiftool_reads_the_extension(tmp_path):
    save(IMAGE, tmp_path / "a.jpg", {"bigart": json.dumps({**PAINTED.to_dict(), "more": "x" * 200_000})})
    found = told(tmp_path / "a.jpg", "XMP-bigart:all", "Warning", options=["-b"])
    assert len(found.pop("XMP-bigart:Recipe")) > 200_000 and found == {}


# ------------------------------------------------------------------------------------------ what it is


@pytest.mark.parametrize(
    ("made_by", "expected"),
    [
        (PAINTED, "trainedAlgorithmicMedia"),
        (replace(PAINTED, steps={"1024_enhanced": "a"}), "trainedAlgorithmicMedia"),
        (replace(ENLARGED, source_recipe=PAINTED.to_dict()), "trainedAlgorithmicMedia"),
        (replace(ENLARGED, source_recipe=replace(ENLARGED, source_recipe=PAINTED.to_dict()).to_dict()),
         "trainedAlgorithmicMedia"),
        (ENLARGED, None),
        (replace(ENLARGED, paint=PaintSettings(enhance=True), steps={"2x": "a"}), None),  # not made yet
        (ENHANCED, "compositeWithTrainedAlgorithmicMedia"),
        (replace(ENLARGED, source_recipe=ENHANCED.to_dict()), "compositeWithTrainedAlgorithmicMedia"),
    ],
)  # fmt: skip
def test_the_digital_source_type_goes_by_how_a_picture_was_made(made_by, expected):
    found = Packet(packet(made_by.texts())[0]).text(SOURCE_TYPE)
    assert found == (expected and f"http://cv.iptc.org/newscodes/digitalsourcetype/{expected}")
    assert metadata.digital_source_type(made_by.to_dict()) == found


@pytest.mark.parametrize(
    ("made_by", "before", "after"),
    [
        (ENLARGED, "digitalCapture", "digitalCapture"),
        (ENHANCED, "digitalCapture", "compositeWithTrainedAlgorithmicMedia"),
        (ENHANCED, "trainedAlgorithmicMedia", "trainedAlgorithmicMedia"),
        (ENHANCED, "compositeSynthetic", "compositeSynthetic"),
    ],
)
def test_the_authors_own_stays_unless_it_is_true_no_more(made_by, before, after):
    place = "http://cv.iptc.org/newscodes/digitalsourcetype/"
    xmp = RDF % (f'Iptc4xmpExt:DigitalSourceType="{place}{before}"', "")
    found = Packet(packet(made_by.texts(), Carried(xmp=xmp.encode()), (40, 30))[0])
    assert found.text(SOURCE_TYPE) == place + after
    said = found.entries("xmpMM:History")[-1]["parameters"]
    assert (f"{SOURCE_TYPE} was {place}{before}" in said) is (before != after)


@pytest.mark.parametrize("ending", ENDINGS)
@needs("exiftool")
def test_a_painted_picture_says_so_in_each_format(ending, tmp_path):
    path = tmp_path / f"a{ending}"
    save(IMAGE, path, texts(PAINTED))
    found = told(path, "XMP:all")
    assert found["XMP-iptcExt:DigitalSourceType"].endswith("/trainedAlgorithmicMedia")
    assert found["XMP-photoshop:Credit"] == ATTRIBUTION
    assert found["XMP-dc:Title"] == found["XMP-dc:Description"] == PROMPT
    assert found["XMP-xmp:CreatorTool"] == metadata.AGENT
    assert (found["XMP-xmpMM:HistoryAction"], found["XMP-xmpMM:HistorySoftwareAgent"]) == (
        "created",
        metadata.AGENT,
    )
    assert json.loads(found["XMP-bigart:Recipe"])["prompt"] == PROMPT


@needs("exiftool")
def test_other_image_tools_find_what_they_look_for(tmp_path):
    for ending in (".jpg", ".webp", ".png"):
        save(IMAGE, tmp_path / f"a{ending}", texts(PAINTED))
    expected = texts(PAINTED)["parameters"]
    for ending in (".jpg", ".webp"):
        assert told(tmp_path / f"a{ending}", "UserComment") == {"ExifIFD:UserComment": expected}
    with Image.open(tmp_path / "a.png") as image:
        assert image.text["parameters"] == expected and image.text["Comment"] == ATTRIBUTION
    assert told(tmp_path / "a.jpg", "Comment") == {"File:Comment": ATTRIBUTION}


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("made_by", [ENLARGED, ENHANCED])
def test_our_name_stands_on_no_strangers_photograph(ending, made_by, tmp_path):
    path = tmp_path / f"a{ending}"
    save(IMAGE, path, texts(made_by), Carried(xmp=AUTHORS.encode(), texts={"Comment": "mine"}))
    data = path.read_bytes()
    assert b"Gonsalves" not in data.replace(b"github.com/robgon-art", b"")
    assert "Comment" not in made_by.texts() and made_by.texts()["Software"] == metadata.AGENT
    assert PAINTED.texts()["Comment"] == ATTRIBUTION
    assert replace(ENLARGED, source_recipe=PAINTED.to_dict()).texts()["Comment"] == ATTRIBUTION


def test_no_moment_is_told_so_that_the_same_picture_is_the_same_file():
    assert b"when" not in packet(texts(PAINTED))[0].lower() and b"Date" not in packet(texts(PAINTED))[0]


# ----------------------------------------------------------------------------------------- the author's


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("ending", READ)
def test_all_that_an_author_said_is_read_back(ending, order, tmp_path):
    given = Carried(
        profiles.DISPLAY_P3(),
        8,
        (240.0, 240.0),
        exif(order),
        IPTC,
        AUTHORS.encode(),
        {"Comment": "a note", "Mine": "ä 湖"},
    )
    path = tmp_path / f"a{ending}"
    notes = save(IMAGE, path, texts(ENLARGED), given)
    found = reading.read_carried(path)
    assert (found.profile, found.dpi) == (given.profile, given.dpi)
    assert found.iptc == (None if ending == ".webp" else IPTC) and bool(notes) == (ending == ".webp")
    said, was = tags.read(found.exif), tags.read(given.exif)
    for tag in (271, 272, 315, 33432):
        assert said.first[tag] == was.first[tag]
    assert said.gps == was.gps
    kept = {tag: entry for tag, entry in was.exif.items() if tag not in (tags.X_DIMENSION, 37500)}
    assert {tag: said.exif[tag] for tag in kept} == kept
    assert ending == ".tif" or said.exif[tags.X_DIMENSION].data == struct.pack("<I", 40)
    _is_the_authors(Packet(found.xmp))
    save(IMAGE, tmp_path / "again.png", texts(ENLARGED), found)  # what texts other formats have no place for
    assert given.texts.items() <= reading.read_carried(tmp_path / "again.png").texts.items()


def _is_the_authors(found):
    assert found.text("dc:title") == "Harbour" and found.texts("dc:title") == ["Harbour", "Hafen"]
    assert found.texts("dc:creator") == ["Jane", "Joe"] and found.text("photoshop:Credit") == "Jane"
    assert found.text("xmp:Rating") == "4" and b"<mine:note>kept</mine:note>" in found.to_bytes()
    right = {"tiff:Orientation": "1", "tiff:ImageWidth": "40", "exif:PixelXDimension": "40"}
    assert {name: found.text(name) for name in right} == right
    saved, ours = found.entries("xmpMM:History")
    assert (saved["action"], saved["softwareAgent"]) == ("saved", "Editor")
    assert (ours["action"], ours["softwareAgent"]) == ("edited", metadata.AGENT)
    assert ours["parameters"] == "enlarged to 40x30 px"


@needs("exiftool")
@pytest.mark.parametrize("ending", ENDINGS)
def test_exiftool_reads_all_of_it_too(ending, tmp_path):
    path = tmp_path / f"a{ending}"
    save(
        IMAGE,
        path,
        texts(ENLARGED),
        Carried(exif=exif("<"), iptc=IPTC, xmp=AUTHORS.encode(), dpi=(240.0, 240.0)),
    )
    found = told(path, "IFD0:all", "ExifIFD:all", "GPS:all", "IPTC:all", "XMP:all", options=["-n"])
    assert found["XMP-dc:Title"] == "Harbour" and found["XMP-xmp:Rating"] == 4
    if ending != ".pdf":
        assert found["IFD0:Artist"] == "Jane Ost" and found["IFD0:XResolution"] == 240
        assert found["ExifIFD:DateTimeOriginal"] == "2020:01:02 03:04:05"
        assert found["GPS:GPSLatitude"] == pytest.approx(54.325, abs=0.001)
    if ending in (".png", ".tif", ".jpg"):
        assert found["IPTC:By-line"] == "Jane Öst" and found["IPTC:Keywords"] == ["sea", "boat"]


@pytest.mark.parametrize("ending", [".webp", ".pdf"])
def test_what_has_no_place_of_its_own_is_said_in_xmp(ending, tmp_path):
    path = tmp_path / f"a{ending}"
    notes = save(IMAGE, path, texts(ENLARGED), Carried(exif=exif(">"), iptc=IPTC, texts={"Source": "a film"}))
    assert any("IPTC" in note for note in notes) and any("EXIF" in note for note in notes) is (
        ending == ".pdf"
    )
    if ending == ".pdf":
        from bigart_lib.pictures.pdf import read_metadata

        found = Packet(read_metadata(path))
        assert found.text("exif:DateTimeOriginal") == "2020-01-02T03:04:05"
        assert found.text("tiff:Make") == "Camera & Sons"
    else:
        found = Packet(reading.read_carried(path).xmp)
    assert found.texts("dc:creator") == ["Jane Öst"] and found.texts("dc:subject") == ["sea", "boat"]
    assert found.text("dc:rights") == "© Jane" and found.text("dc:title") == "Häfen"
    assert found.text("photoshop:Source") == "a film"


def test_what_the_author_says_in_xmp_counts_more_than_what_other_blocks_say():
    found = Packet(packet(texts(ENLARGED), Carried(iptc=IPTC, xmp=AUTHORS.encode()))[0])
    assert found.text("dc:title") == "Harbour" and found.texts("dc:creator") == ["Jane", "Joe"]
    assert found.text("dc:rights") == "© Jane"


def test_a_resolution_that_is_said_in_xmp_is_put_right():
    xmp = RDF % ('tiff:XResolution="72/1" tiff:YResolution="72/1" tiff:ResolutionUnit="3"', "")
    found = Packet(packet(texts(ENLARGED), Carried(xmp=xmp.encode()), (40, 30), (300, 300))[0])
    assert (found.text("tiff:XResolution"), found.text("tiff:ResolutionUnit")) == ("300000/1000", "2")
    assert (
        Packet(packet(texts(ENLARGED), Carried(), (40, 30), (300, 300))[0]).text("tiff:XResolution") is None
    )


@pytest.mark.parametrize("is_camera", [True, False])
def test_exif_is_changed_without_moving_what_it_holds(is_camera):
    before = exif(">") if is_camera else None
    after = tags.updated(before, (40, 30), (300.5, 300.5), is_srgb=False, comment="höhe")
    said = tags.read(after)
    assert said.first[tags.X_RESOLUTION].data == struct.pack("<II", 300_500, 1000)
    assert (
        said.first[tags.ORIENTATION].data[:2] == b"\1\0"
        and said.exif[tags.COLOUR_SPACE].data[:2] == b"\xff\xff"
    )
    assert said.exif[tags.COMMENT].data == b"UNICODE\0" + "höhe".encode("utf-16-be")
    if is_camera:
        assert after[8 : len(before)] == before[8:]  # so that a maker's note still finds what it refers to
        assert said.exif[37500].data == b"Nikon" * 9


def test_what_stands_in_the_wrong_directory_is_put_right(tmp_path):
    made = Image.Exif()
    made.update({315: "Jane", 36867: "2020:01:02 03:04:05"})  # the moment does not belong beside the artist
    given = made.tobytes().removeprefix(b"Exif\0\0")
    for ending in READ:
        save(IMAGE, tmp_path / f"a{ending}", carried=Carried(exif=given))
        found = tags.read(reading.read_carried(tmp_path / f"a{ending}").exif)
        assert tags.text(found.exif[36867]) == "2020:01:02 03:04:05" and 36867 not in found.first
    assert b"2020-01-02T03:04:05" in packet({}, Carried(exif=given))[0]


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_picture_of_ours_that_is_enlarged_keeps_its_recipe_and_its_words(ending, tmp_path):
    save(IMAGE, tmp_path / "first.png", texts(PAINTED))
    brought = replace(
        reading.read_carried(tmp_path / "first.png"), recipe=recipe.read_as_written(tmp_path / "first.png")
    )
    made_by = replace(ENLARGED, source_recipe=brought.recipe)
    save(IMAGE, tmp_path / f"a{ending}", texts(made_by), brought)
    found = recipe.read(tmp_path / f"a{ending}")[0]
    assert recipe.from_dict(dict(found.source_recipe)) == with_pixels(PAINTED, "256", IMAGE)
    if ending == ".png":
        with Image.open(tmp_path / "a.png") as image:
            assert image.text["parameters"] == texts(PAINTED)["parameters"]
            history = Packet(image.text["XML:com.adobe.xmp"].encode()).entries("xmpMM:History")
        assert [one["action"] for one in history] == ["created", "edited"]


def test_a_picture_may_be_enlarged_again_and_again_and_its_recipe_is_read():
    made_by = PAINTED
    for _ in range(20):
        made_by = replace(
            ENLARGED, source_recipe=metadata.as_source(json.loads(json.dumps(made_by.to_dict())))
        )
        found = recipe.from_json(made_by.texts()["bigart"])
        assert found.source_recipe == made_by.source_recipe and recipe.from_dict(dict(found.source_recipe))
    assert metadata.as_source({"models": "x", "more": "y" * 600_000}) == {}


def test_without_a_recipe_of_its_own_a_picture_keeps_the_one_it_came_with():
    found = packet({}, Carried(recipe=PAINTED.to_dict()))[0]
    assert recipe.from_json(Packet(found).text("bigart:recipe")) == PAINTED


def test_an_authors_text_stays_where_ours_has_the_same_name(tmp_path):
    save(
        IMAGE,
        tmp_path / "a.png",
        texts(PAINTED),
        Carried(texts={"Comment": "mine", "bigart": "not this", "A": "b"}),
    )
    with Image.open(tmp_path / "a.png") as image:
        assert image.text["Comment"] == "mine" and image.text["A"] == "b"
        assert json.loads(image.text["bigart"])["prompt"] == PROMPT


# -------------------------------------------------------------------------------------------- anybody's

ENTITIES = "".join(f'<!ENTITY {chr(98 + i)} "{f"&{chr(97 + i)};" * 10}">' for i in range(9))
BOMB = f'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">{ENTITIES}]>'


@pytest.mark.parametrize(
    "xmp",
    [
        b"no xml",
        b"<a/>",
        b"\0\0\0",
        AUTHORS.encode()[:300],
        (BOMB + AUTHORS.replace("Harbour", "&j;")).encode(),
        (BOMB + AUTHORS.replace('"Jane"', '"&j;"')).encode("utf-16"),
        b'<!DOCTYPE x SYSTEM "file:///etc/passwd">' + AUTHORS.encode(),
        AUTHORS.replace("kept", "<mine:a>" * 5000 + "</mine:a>" * 5000).encode(),
        AUTHORS.encode() + b" " * 20_000_000,
        b"\xff\xfe<\0",
    ],
    ids=range(10),
)
def test_xmp_that_cannot_be_read_is_left_out_and_that_is_said(xmp, tmp_path):
    notes = save(IMAGE, tmp_path / "a.jpg", texts(ENLARGED), Carried(xmp=xmp))
    assert len(notes) == 1 and notes[0].startswith("its XMP") and notes[0].endswith("left out")
    assert "\n" not in notes[0] and len(notes[0]) < 300
    assert recipe.read(tmp_path / "a.jpg")[0].source == "photo.jpg"
    assert b"passwd" not in (tmp_path / "a.jpg").read_bytes()


def test_xmp_in_utf_16_is_read():
    found = Packet(AUTHORS.encode("utf-16"))
    assert found.text("dc:title") == "Harbour"


@pytest.mark.parametrize(
    "block",
    [
        b"",
        b"XX",
        b"II*\0",
        b"II*\0\xff\xff\xff\xff",
        b"MM\0*\0\0\0\x08\xff\xff",
        b"II+\0" + bytes(20),
        bytes(1000),
    ],
)
@pytest.mark.parametrize("ending", ENDINGS)
def test_exif_that_cannot_be_read_is_left_out_and_that_is_said(ending, block, tmp_path):
    notes = save(IMAGE, tmp_path / f"a{ending}", texts(ENLARGED), Carried(exif=block))
    assert [note for note in notes if "EXIF" in note] or not block
    assert recipe.read(tmp_path / f"a{ending}")[0].source == "photo.jpg"


@pytest.mark.parametrize("seed", range(60))
def test_exif_with_damage_anywhere_does_no_harm(seed, tmp_path):
    random = np.random.default_rng(seed)
    block = bytearray(exif("<>"[seed % 2]))
    for place in random.integers(0, len(block), 8):
        block[place] = random.integers(0, 256)
    for ending in (".tif", ".jpg"):
        save(IMAGE, tmp_path / f"a{ending}", texts(ENLARGED), Carried(exif=bytes(block)))
        assert recipe.read(tmp_path / f"a{ending}")[0].source == "photo.jpg"


@pytest.mark.parametrize("ending", ENDINGS)
def test_what_is_too_long_for_a_format_is_left_out_and_that_is_said(ending, tmp_path):
    long = Image.Exif()
    long[270] = "x" * 70_000
    carried = Carried(
        exif=long.tobytes().removeprefix(b"Exif\0\0"), iptc=IPTC * 900,
        texts={"Long": "y" * 1_500_000},
    )  # fmt: skip
    notes = " ".join(save(IMAGE, tmp_path / f"a{ending}", texts(ENLARGED), carried))
    assert ("EXIF" in notes) is (ending in (".jpg", ".pdf"))
    assert ("texts" in notes) is (ending != ".png")
    assert recipe.read(tmp_path / f"a{ending}")[0].source == "photo.jpg"


def test_a_text_that_xml_or_a_keyword_cannot_hold_does_no_harm(tmp_path):
    carried = Carried(texts={"Ä" * 200: "a\0b\x1b", " ": "c", "湖": "d", "": "e"})
    for ending in ENDINGS:
        save(IMAGE, tmp_path / f"a{ending}", texts(PAINTED), carried)
        assert recipe.read(tmp_path / f"a{ending}")[0].prompt == PROMPT
    assert reading.read_carried(tmp_path / "a.png").texts["Ä" * 79] == "a b\x1b"


def test_a_prompt_of_any_characters_is_told(tmp_path):
    odd = "a\x00b\x1b[2J\ud800 \uffff \U0001f600"
    for ending in ENDINGS:
        save(IMAGE, tmp_path / f"a{ending}", texts(replace(PAINTED, prompt=odd)))
        assert recipe.read(tmp_path / f"a{ending}")[0].prompt == odd


def test_a_pdf_of_others_is_no_picture_of_ours(tmp_path):
    import pikepdf

    with pikepdf.new() as pdf:
        pdf.add_blank_page()
        pdf.save(tmp_path / "a.pdf")
    (tmp_path / "b.pdf").write_bytes(b"%PDF-1.7 broken")
    for name in ("a.pdf", "b.pdf"):
        with pytest.raises(PictureError) as refused:
            recipe.read(tmp_path / name)
        assert str(refused.value).startswith(str(tmp_path / name)) and "\n" not in str(refused.value)


def test_a_recipe_that_others_moved_into_xmp_alone_is_found(tmp_path):
    save(IMAGE, tmp_path / "a.jpg", texts(PAINTED))
    with Image.open(tmp_path / "a.jpg") as image:
        data = io.BytesIO()
        image.save(data, "WEBP", xmp=image.info["xmp"])
    (tmp_path / "b.webp").write_bytes(data.getvalue())
    assert recipe.read(tmp_path / "b.webp") == (recipe.read(tmp_path / "a.jpg")[0], None)


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_file_with_damage_anywhere_gives_a_recipe_or_one_line(ending, tmp_path):
    save(
        IMAGE,
        tmp_path / f"a{ending}",
        texts(PAINTED),
        Carried(exif=exif(">"), iptc=IPTC, xmp=AUTHORS.encode()),
    )
    whole, random = (tmp_path / f"a{ending}").read_bytes(), np.random.default_rng(0)
    damaged = tmp_path / f"b{ending}"
    for turn in range(150):
        data = bytearray(whole)
        for place in random.integers(0, len(data), 4):
            data[place] = random.integers(0, 256)
        damaged.write_bytes(bytes(data[: random.integers(1, len(data))] if turn % 3 == 0 else data))
        for read in (recipe.read, recipe.read_picture, recipe.read_as_written):
            try:
                read(damaged)
            except PictureError as error:
                assert "\n" not in str(error) and str(damaged) in str(error)
