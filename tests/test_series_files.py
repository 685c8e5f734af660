"""Files of prompts as editors and spreadsheets write them: what is read of each line, and what is refused."""

import json
import tracemalloc

import pytest

from bigart_lib.series import reading

COLUMNS = ("seed", "steps", "texture", "negative")


@pytest.fixture
def read(tmp_path):
    """Gives the lines of a file of these bytes, and what was announced."""

    def read(data, name="prompts.txt"):
        path, told = tmp_path / name, []
        path.write_bytes(data)
        with reading.opened(path, told.append) as text:
            return [*reading.lines(text, name, COLUMNS)], told

    return read


def said(found):
    return [(line.number, line.values) for line in found[0]]


def test_text_has_a_prompt_a_line_and_comments(read):
    data = "\ufeff# mine\r\n\r\n  a lake \r\n{red|blue} sky\n\\# of the beast\rmåne, \"a\"; b\t'c'".encode()
    found = read(data)
    prompts = ["a lake", "{red|blue} sky", "# of the beast", "måne, \"a\"; b\t'c'"]
    assert [line.values["prompt"] for line in found[0]] == prompts
    assert [line.number for line in found[0]] == [3, 4, 5, 6] and found[1] == []


EXPECTED = [
    (2, {"prompt": 'Züge, "schnell"; blau', "seed": "7"}),
    (3, {"prompt": "two\nlines", "steps": "5"}),
    (6, {"prompt": "日本の湖", "texture": "0.08 3"}),
]


@pytest.mark.parametrize(
    ("name", "encoding", "delimiter", "quoted", "end"),
    [
        ("excel-utf8.csv", "utf-8-sig", ",", False, "\r\n"),
        ("excel-europe.csv", "utf-8-sig", ";", False, "\r\n"),
        ("excel-unicode-text.txt", "utf-16", "\t", False, "\r\n"),
        ("libreoffice.csv", "utf-8", ",", True, "\n"),
        ("libreoffice.csv", "utf-8", ";", True, "\n"),
        ("tabs.tsv", "utf-8", "\t", False, "\n"),
    ],
)
def test_a_table_is_read_as_spreadsheets_write_it(read, name, encoding, delimiter, quoted, end):
    def cell(text):
        if quoted or any(sign in text for sign in f'"\n{delimiter}'):
            return '"' + text.replace('"', '""') + '"'
        return text

    rows = [
        ["Prompt", " Seed", "steps", "TEXTURE", ""],
        ['Züge, "schnell"; blau', "7", "", "", ""],
        ["two\nlines", "", "5", "", ""],
        ["", "", "", "", ""],
        ["日本の湖", "", "", "0.08 3", ""],
    ]
    text = "".join(delimiter.join(map(cell, row)) + end for row in rows)
    found = read(text.encode(encoding), name)
    assert (said(found), found[1]) == (EXPECTED, [])


def test_excels_first_line_may_say_what_divides_columns(read):
    assert said(read(b"sep=;\r\nprompt;seed\r\na, b;3\r\n", "a.csv")) == [
        (3, {"prompt": "a, b", "seed": "3"})
    ]


def test_windows_1252_is_read_and_told(read):
    found, told = read("prompt;seed\r\nCafé – blau;1\r\n".encode("cp1252"), "a.csv")
    assert found[0].values["prompt"] == "Café – blau" and "is read as Windows-1252" in told[0]


@pytest.mark.parametrize("data", [b"PK\x03\x04\0\0", b"\xff\xfe\x00", b"abc\x81\x8d\xff" * 9])
def test_what_is_no_text_is_refused(read, data):
    with pytest.raises(ValueError, match="save it"):
        read(data)


def test_json_lines_say_the_same(read):
    lines = [
        {"prompt": "a lake", "seed": 7, "texture": [0.08, 3], "negative": None},
        {"prompt": "b", "enhanced": True},
        {"prompt": "c", "seed": {"a": 1}},
    ]
    text = "\n".join(
        ["", *(json.dumps(one) for one in lines), '{"prompt": "d"', "[1]", '{"prompt": "e", "seed": 3.5}']
    )
    found, _ = read(text.encode(), "a.txt")
    assert found[0] == (2, {"prompt": "a lake", "seed": "7", "texture": ["0.08", "3"]}, "")
    assert "no setting 'enhanced'" in found[1].problem and "seed must be" in found[2].problem
    assert all("not a line of JSON" in line.problem for line in found[3:5])
    assert found[5].values["seed"] == "3.5" and [line.number for line in found] == [2, 3, 4, 5, 6, 7]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"prompt,sede\na,1\n", "no setting 'sede': did you mean seed?"),
        (b"prompt,quux\na,1\n", "no setting 'quux': expected prompt, negative, seed"),
        (b"title,seed\na,1\n", "no setting 'title'"),
        (b"seed,steps\n1,1\n", "has no column called prompt"),
        (b"prompt,seed,Seed\na,1,1\n", "two columns for seed"),
    ],
)
def test_a_table_with_other_columns_is_refused_as_a_whole(read, data, message):
    with pytest.raises(ValueError, match=message.replace("?", r"\?")):
        read(data, "a.csv")


def test_bad_rows_keep_their_numbers_and_do_not_stop_the_others(read):
    data = b'prompt,seed\na,1\nb,"2"x\nc,3,4\n,,,\nd,4\n"e\nf,5\n'
    found = read(data, "a.csv")[0]
    assert [line.number for line in found] == [2, 3, 4, 6, 7]
    assert [bool(line.problem) for line in found] == [False, True, True, False, True]
    assert "quotes" in found[1].problem and "more cells than the 2" in found[2].problem


def test_a_line_without_end_is_a_bad_line(read):
    found = read(b"a\n" + b"x" * 1_000_000 + b"\nb\n")[0]
    assert [(line.number, line.values.get("prompt")) for line in found] == [(1, "a"), (2, None), (3, "b")]
    assert "longer than 100,000" in found[1].problem


def test_nothing_is_read_of_an_empty_file(read):
    assert read(b"\xef\xbb\xbf\r\n \r\n")[0] == []


def test_memory_does_not_grow_with_the_file(tmp_path):
    def peak(num_lines):
        path = tmp_path / "a.csv"
        path.write_text("prompt,seed\n" + "".join(f'"a lake, {n}",{n}\n' for n in range(num_lines)))
        tracemalloc.start()
        with reading.opened(path) as text:
            assert sum(1 for _ in reading.lines(text, "a.csv", COLUMNS)) == num_lines
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    peak(10)
    assert peak(20_000) < peak(2_000) + 50_000
