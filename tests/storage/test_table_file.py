"""Tables of people's making are read as a person would read them, or refused with the line."""

import unicodedata

import pytest

from forensic.errors import ReferenceSetError
from forensic.storage.table_file import find_path, read_table

ROWS = (("anna/1.wav", "Anna"), ("bert/1.wav", "Bért"))


def _read(path):
    return read_table(path, ("path", "suspect"), ("session",), ReferenceSetError)


@pytest.fixture
def read(tmp_path):
    def write_and_read(content, encoding="utf-8"):
        path = tmp_path / "set.csv"
        path.write_bytes(content.encode(encoding) if isinstance(content, str) else content)
        return _read(path)

    return write_and_read


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        ("path,suspect\nanna/1.wav,Anna\nbert/1.wav,Bért\n", "utf-8"),
        ("path,suspect\r\nanna/1.wav,Anna\r\nbert/1.wav,Bért", "utf-8-sig"),
        ("path,suspect\ranna/1.wav,Anna\rbert/1.wav,Bért", "utf-8"),
        ("path,suspect\nanna/1.wav,Anna\nbert/1.wav,Bért\n", "utf-16"),
        ("path;suspect\nanna/1.wav;Anna\nbert/1.wav;Bért\n", "utf-8"),
        ("path\tsuspect\nanna/1.wav\tAnna\nbert/1.wav\tBért\n", "utf-8"),
        ("path|suspect\nanna/1.wav|Anna\nbert/1.wav|Bért\n", "utf-8"),
        ("sep=,\npath,suspect\nanna/1.wav,Anna\nbert/1.wav,Bért\n", "utf-8"),
        ('"sep=;"\r\npath;suspect\r\nanna/1.wav;Anna\r\nbert/1.wav;Bért\r\n', "utf-16"),
        (" Path , SUSPECT \nanna/1.wav , Anna\n bert/1.wav,\u00a0Bért \n", "utf-8"),
        ("path,suspect,\nanna/1.wav,Anna,\nbert/1.wav,Bért,,\n", "utf-8"),
        ("\npath,suspect\n\n,\nanna/1.wav,Anna\n\nbert/1.wav,Bért\n , \n", "utf-8"),
        ('"path","suspect"\n"anna/1.wav","Anna"\n"bert/1.wav","Bért"\n', "utf-8"),
        ('remark,suspect,path\n"loud,\nthen calm",Anna,anna/1.wav\n,Bért,bert/1.wav\n', "utf-8"),
        (unicodedata.normalize("NFD", "path,suspect\nanna/1.wav,Anna\nbert/1.wav,Bért\n"), "utf-8"),
        ("a;b,path,suspect\n1;2,anna/1.wav,Anna\n3;4,bert/1.wav,Bért\n", "utf-8"),
    ],
)
def test_one_table_in_many_forms_reads_the_same(read, content, encoding):
    table = read(content, encoding)
    assert tuple(zip(table.column("path"), table.names("suspect"), strict=True)) == ROWS


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("path,suspect\na.wav,Smith, Anna\n", "Line 2 of .* has 3 cells, and there are 2 columns"),
        ("path,suspect\na.wav,Anna\n\nb.wav\n", "Line 4 of .* has 1 cell,"),
        ("path,suspect,path\na.wav,Anna,b.wav\n", "the column path twice"),
        ("path,suspect,\na.wav,Anna,x\n", "Line 2 of .* column without a name"),
        ("file,who\na.wav,Anna\n", "lacks the columns path and suspect"),
        ("path;who\na.wav;Anna\n", "lacks the column suspect: .*semicolons"),
        ('path,suspect\na.wav,"Anna\nb.wav,Bert\n', "Line 2 of .* cannot be split"),
        ('path,suspect\na.wav,"Anna\nb.wav,Bert"\n', "line 2 of .* looks like a row"),
        ('path,suspect\na.wav,"An\nna"\n', "Line 2 of .* line break"),
        ('path,suspect\na.wav,"Anna"x\n', "Line 2 of .* cannot be split"),
        ("path,suspect\n", "no line below"),
        ("\n\n", "is empty"),
        (b"", "is empty"),
        (b"path,suspect\nok.wav,Ida\na.wav,B\xe9rt\n", "Line 3 of .* is not UTF-8.*0xE9"),
        ("path,suspect\na.wav,Anna\n".encode("utf-16-le"), "Line 1 of .* is no text"),
        (b"PK\x03\x04rest", "spreadsheet"),
    ],
)
def test_what_no_person_could_be_sure_of_is_refused_with_its_line(read, content, problem):
    with pytest.raises(ReferenceSetError, match=problem) as raised:
        read(content)
    assert raised.value.remedy


def test_a_cell_too_many_is_answered_with_the_quotation_marks_that_it_lacks(read):
    with pytest.raises(ReferenceSetError) as raised:
        read("path;suspect\na.wav;Smith; Anna\n")
    assert '"Smith; Anna"' in raised.value.remedy


def test_lines_are_counted_as_an_editor_counts_them(read):
    table = read('sep=;\npath;suspect;remark\na.wav;Anna;"one\ntwo\nthree"\n\nb.wav;Bert;\n')
    assert table.lines == (3, 7)


def test_names_that_differ_in_capital_letters_alone_are_refused(read):
    table = read("path,suspect\na.wav,Anna  Smith\nb.wav,Bert\nc.wav,anna smith\n")
    with pytest.raises(ReferenceSetError, match="Lines 2 and 4"):
        table.names("suspect")


def test_a_decimal_comma_is_read_where_commas_do_not_separate(read):
    assert read("path;suspect;session\na;b;-0,5\nc;d;inf\ne;f;1.5\ng;h;1,2,3\n").numbers("session") == [
        -0.5,
        float("inf"),
        1.5,
        None,
    ]
    assert read('path,suspect,session\na,b,"0,5"\n').numbers("session") == [None]


def test_a_missing_file_and_a_folder_are_no_tables(tmp_path):
    for path in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(ReferenceSetError, match="cannot be read"):
            _read(path)


@pytest.mark.parametrize("spelling", ["Café/Töne.WAV", "./café//töne.wav", "café\\töne.wav", "CAFÉ\\TÖNE.WAV"])
@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_a_path_is_found_in_another_spelling(tmp_path, spelling, form):
    real = tmp_path / unicodedata.normalize("NFD", "café") / "töne.wav"
    real.parent.mkdir()
    real.touch()
    found = find_path(tmp_path, unicodedata.normalize(form, spelling))
    assert found.exists()
    assert found.samefile(real)
    assert find_path(tmp_path / "elsewhere", str(real)) == real


def test_a_path_that_fits_two_files_or_none_stays_as_it_is(tmp_path):
    for name in ("a.wav", "A.wav"):
        (tmp_path / name).touch()
    assert find_path(tmp_path, "A.WAV") == tmp_path / "A.WAV"
    assert find_path(tmp_path, "b.wav") == tmp_path / "b.wav"


@pytest.mark.parametrize("spelling", ["./a.wav", "x/../a.wav", "link.wav", "A.WAV", "a.wav/", "hard.wav", "{}/a.wav"])
def test_one_file_for_two_people_is_refused_however_it_is_spelt(read, tmp_path, spelling):
    (tmp_path / "a.wav").touch()
    (tmp_path / "x").mkdir()
    (tmp_path / "link.wav").symlink_to("a.wav")
    (tmp_path / "hard.wav").hardlink_to(tmp_path / "a.wav")
    table = read(f"path,suspect\na.wav,Anna\n{spelling.format(tmp_path)},Bert\n")
    with pytest.raises(ReferenceSetError, match=r"Lines 2 and 3 .*Anna and Bert"):
        table.refuse_two_owners(table.paths(), table.names("suspect"), "suspects")
