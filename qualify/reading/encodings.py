"""The encoding of a text file: Unicode by its marks, else the code page whose letters are of one language."""

from __future__ import annotations

import codecs
import io
import itertools
from collections.abc import Iterator

from charset_normalizer import from_bytes

from qualify.errors import InvalidDeals, Problem

SAMPLE = 256 * 1024  # bytes looked at
SURE = 0.85  # share of the letters beyond ASCII that one language must have
MIXED = 0.8  # what a mixture of Western languages counts, so that one language of another page goes before it
# Letters beyond ASCII by language, for each code page; the usual page first.
PAGES: dict[str, tuple[str, ...]] = {
    "cp1252": (
        "äöüßé",  # German
        "àâæçéèêëîïôœùûüÿ",  # French
        "áéíñóúü",  # Spanish
        "àèéìîòóù",  # Italian
        "áâãàçéêíóôõú",  # Portuguese
        "éëïóöüè",  # Dutch
        "æøåé",  # Danish, Norwegian
        "åäöé",  # Swedish, Finnish
        "áéíóúýðþæö",  # Icelandic
        "àçéèíïóòúü",  # Catalan
    ),
    "cp1250": (
        "ąćęłńóśźż",  # Polish
        "áčďéěíňóřšťúůýž",  # Czech
        "áäčďéíĺľňóôŕšťúýž",  # Slovak
        "áéíóöőúüű",  # Hungarian
        "ăâîşţșț",  # Romanian
        "čćđšž",  # Croatian, Slovene
        "äöüßé",
    ),
    "iso8859_2": ("ąćęłńóśźż", "áčďéěíňóřšťúůýž", "áäčďéíĺľňóôŕšťúýž", "áéíóöőúüű", "ăâîşţ", "čćđšž"),
    "cp1251": (
        "абвгдеёжзийклмнопрстуфхцчшщъыьэюя",  # Russian, Bulgarian
        "абвгґдеєжзиіїйклмнопрстуфхцчшщьюя",  # Ukrainian
        "абвгдеђжзијклљмнњопрстћуфхцчџш",  # Serbian
    ),
    "cp1253": ("αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώϊϋΐΰ",),
    "cp1254": ("çğıöşüâîûi̇İ",),
    "cp1257": ("ąčęėįšųūž", "āčēģīķļņšūž", "äõöüšž"),
}  # fmt: skip
OTHERS = [
    "cp932",
    "euc_jp",
    "gb18030",
    "big5",
    "cp949",
    "euc_kr",
    "cp1255",
    "cp1256",
    "cp874",
    "koi8_r",
    "cp866",
]
OTHER_SCRIPTS = ("cp1251", "cp1253")  # Cyrillic and Greek
WESTERN = frozenset("".join(PAGES["cp1252"]))
# Signs that stand beside letters in any text.
BESIDE = frozenset("’‘‚“”„«»‹›–—…·´¡¿ªº°®™©\xa0€£§%&")


def as_utf8(data: bytes, name: str) -> tuple[bytes, str]:
    """Return text as UTF-8 without a byte order mark, and the encoding it was in.

    UTF-8 is tried first, UTF-16 and UTF-32 by their marks, then the usual code pages: the one in which one
    language has most of the letters beyond ASCII, Western European where two are alike.

    Parameters
    ----------
    data : bytes
        The file's content.
    name : str
        The file, for messages.

    Returns
    -------
    tuple of bytes and str
        The text and the encoding.

    Raises
    ------
    InvalidDeals
        Where it is no text, or text in no encoding that can be recognised.

    Examples
    --------
    >>> as_utf8("Größe;Status".encode("cp1252"), "deals.csv")[1]
    'cp1252'
    >>> as_utf8("Příliš žluťoučký kůň".encode("cp1250"), "deals.csv")[1]
    'cp1250'
    """
    encoding = _encoding(data, name)
    try:
        text = data.decode(encoding)
    except (UnicodeDecodeError, LookupError):
        raise InvalidDeals(_save_as_utf8(f"{name} cannot be read as {encoding}")) from None
    if "\0" in text:
        raise InvalidDeals(_save_as_utf8(f"{name} is not text: it holds zero bytes"))
    if encoding == "utf-8":
        return data, encoding
    return text.encode("utf-8"), encoding


def _encoding(data: bytes, name: str) -> str:
    marks = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF32_LE: "utf-32", codecs.BOM_UTF32_BE: "utf-32"}
    marks |= {codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
    for mark, encoding in marks.items():
        if data.startswith(mark):
            return encoding
    if len(data) >= 4 and 0 in (data[0], data[1]):
        return "utf-16-be" if data[0] == 0 else "utf-16-le"
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        return _guessed(data, name, error.start)
    return "utf-8"


def _guessed(data: bytes, name: str, bad: int) -> str:
    sample = b"\n".join(_telling_lines(data))
    replaced = sample.decode("utf-8", errors="replace")
    broken, sound = replaced.count("\ufffd"), sum(letter > "\x7f" for letter in replaced)
    if sound > 4 * broken:  # UTF-8 with stray bytes in it: any other reading would spoil every accent
        row = data.count(b"\n", 0, bad) + 1
        reason = f"{name} is in UTF-8 but has a broken letter"
        raise InvalidDeals(Problem(reason=reason, mend="type the letter again", row=row))
    found = {page: _plausible(sample, page) for page in PAGES}
    page = max(found, key=found.__getitem__)  # the first of those that are alike
    if found[page] >= SURE or (page == "cp1252" and found[page] >= MIXED):
        return page
    best = from_bytes(sample, cp_isolation=OTHERS).best()
    if best is not None:
        return str(best.encoding)
    if found["cp1252"] > 0:
        return "cp1252"
    raise InvalidDeals(_save_as_utf8(f"the encoding of {name} cannot be recognised"))


def _plausible(sample: bytes, page: str) -> float:
    """Return which share of the letters beyond ASCII the most likely language of a code page has."""
    try:
        text = sample.decode(page)
    except UnicodeDecodeError:
        return 0.0
    if any("\x80" <= sign <= "\x9f" for sign in text):
        return 0.0
    letters = [sign for sign in text if sign > "\x7f" and sign.isalpha() and sign not in "ªºµ"]
    odd = _signs_within_words(text) + _capitals_within_words(text)
    if page in OTHER_SCRIPTS:
        odd += _beside_ascii(text)
    if not letters:
        return 1.0 if not odd else 0.0
    shares = [sum(sign.lower() in language for sign in letters) for language in PAGES[page]]
    best = max(shares) / (len(letters) + odd)
    if page != "cp1252":
        return best
    runs = _long_runs(text)
    mixed = sum(sign.lower() in WESTERN for sign in letters) / (len(letters) + odd)
    return max(best, MIXED * mixed if runs <= len(letters) / 5 else 0.0)


def _signs_within_words(text: str) -> int:
    """Count signs beyond ASCII that are no letters and yet stand beside one, as in P¹ód."""
    beside = zip(text, text[1:] + " ", " " + text[:-1], strict=True)
    return sum(
        sign > "\x7f" and not sign.isalpha() and sign not in BESIDE and (after.isalpha() or before.isalpha())
        for sign, after, before in beside
    )


def _capitals_within_words(text: str) -> int:
    """Count capitals beyond ASCII that follow a small letter, as in vizitГі."""
    return sum(
        sign > "\x7f" and sign.isupper() and before.islower() for before, sign in itertools.pairwise(text)
    )


def _beside_ascii(text: str) -> int:
    """Count letters beyond ASCII beside an ASCII letter: no language mixes scripts within a word."""
    beside = zip(text, text[1:] + " ", " " + text[:-1], strict=True)
    return sum(
        sign > "\x7f"
        and sign.isalpha()
        and any(other.isascii() and other.isalpha() for other in (after, before))
        for sign, after, before in beside
    )


def _long_runs(text: str) -> int:
    """Count letters beyond ASCII in runs of three and more: another script read as Western has such."""
    total = run = 0
    for sign in text + " ":
        if sign > "\x7f" and sign.isalpha():
            run += 1
            continue
        total += run if run >= 3 else 0
        run = 0
    return total


def _save_as_utf8(reason: str) -> Problem:
    return Problem(reason=reason, mend="save it as CSV UTF-8")


def _telling_lines(data: bytes) -> Iterator[bytes]:
    """Yield the lines that hold a byte beyond ASCII, up to the size of the sample."""
    size = 0
    for line in io.BytesIO(data):
        if not line.isascii():
            yield line.strip()[:SAMPLE]
            size += len(line)
        if size > SAMPLE:
            return
