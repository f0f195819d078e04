"""Answers with an order: words of a known scale, numbers before or behind words, fractions, ranges."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Sequence

from qualify._support.words import fold

# One scale a line (indented lines go on), lowest first; words of one rank mean the same. English, German,
# French, Spanish, Italian, Portuguese, Dutch; without accents, as they are compared.
SCALES = """
none, no, nil, nothing | very low, lowest | low | mid, medium, med, moderate, average, normal | high |
    very high, highest
none, no | very small, tiny, micro | small | mid, medium, med, mid-size, midsize, mid-market | big,
    large | very large, huge, enterprise
none, no | little, few, a little, minimal | some, partial, partly, partially | most, mostly, largely |
    full, all, complete, fully, completely
none, no | very weak | weak | some, moderate, mid, medium, average, fair, neutral | good | strong | very
    strong
very poor, very bad, terrible, unacceptable | poor, bad | fair, average, ok, okay, acceptable,
    satisfactory | good | very good, great | excellent, outstanding
inadequate | adequate | good | excellent
never | rarely, seldom, almost never | sometimes, occasionally | often, frequently, usually | very
    often, almost always | always
never | yearly, annually | quarterly | monthly | weekly | daily
unimportant, not important, not at all important | slightly important | average important, somewhat
    important, moderately important, fairly important | important | very important | extremely
    important, critical
strongly disagree, completely disagree, totally disagree | disagree | somewhat disagree, slightly
    disagree | neutral, neither agree nor disagree, neither, undecided | somewhat agree, slightly agree
    | agree | strongly agree, completely agree, totally agree
very dissatisfied, very unsatisfied | dissatisfied, unsatisfied | somewhat dissatisfied | neutral,
    neither satisfied nor dissatisfied, neither | somewhat satisfied | satisfied | very satisfied |
    extremely satisfied
very unlikely, extremely unlikely, highly unlikely | unlikely | somewhat unlikely | neutral, possible,
    maybe, neither, neither likely nor unlikely | somewhat likely | likely, probable | very likely,
    extremely likely, highly likely | certain
very unhappy | unhappy | neutral | happy | very happy
not at all | slightly, a little, a bit | somewhat | moderately | very, very much | extremely, completely
no, negative | neutral, partly, partially, maybe, perhaps | yes, positive
decline, slow down, shrinking, declining, decreasing | stable, flat, stagnant | growth, growing,
    increasing
cold | cool | warm | hot
primary, elementary | secondary | tertiary, university
beginner, novice, basic | intermediate | advanced | expert
bronze | silver | gold | platinum
junior | mid | senior
short | medium | long
slow | medium | fast
simple, easy | medium, moderate | complex, hard, difficult | very complex, very difficult
worse, much worse | same, about the same | better | much better
keine, keiner, keines, kein, nichts | sehr gering, sehr niedrig, sehr wenig | gering, niedrig, wenig |
    mittel, mittlere, mittlerer, mittelmassig, durchschnittlich, normal, massig | hoch | sehr hoch
keine, keiner, keines, kein | sehr schwach | schwach | mittel, etwas, massig, mittelmassig, neutral |
    gut | stark | sehr stark
sehr klein, winzig | klein | mittel, mittelgross | gross | sehr gross, riesig
sehr schlecht, ungenugend, mangelhaft | schlecht | mittel, befriedigend, ausreichend, massig,
    durchschnittlich | gut | sehr gut | ausgezeichnet, hervorragend
nie, niemals | selten, fast nie | manchmal, gelegentlich, ab und zu | oft, haufig | sehr oft, sehr
    haufig, fast immer | immer
stimme gar nicht zu, stimme uberhaupt nicht zu, trifft gar nicht zu, trifft uberhaupt nicht zu | stimme
    nicht zu, lehne ab, stimme eher nicht zu, trifft eher nicht zu | neutral, teils teils, teils/teils,
    weder noch, unentschieden | stimme eher zu, trifft eher zu | stimme zu | stimme voll zu, stimme voll
    und ganz zu, stimme vollig zu, trifft voll zu, trifft voll und ganz zu
sehr unzufrieden | unzufrieden | neutral, weder noch, teils teils | zufrieden | sehr zufrieden
sehr unwahrscheinlich | unwahrscheinlich | vielleicht, moglich, neutral | wahrscheinlich | sehr
    wahrscheinlich | sicher
unwichtig, gar nicht wichtig | weniger wichtig | etwas wichtig, teilweise wichtig | wichtig | sehr
    wichtig
nein | teilweise, teils, vielleicht | ja
aucun, aucune, nul, nulle | tres faible, tres bas | faible, bas, basse | moyen, moyenne, modere, moderee
    | eleve, elevee, haut, haute, fort, forte | tres eleve, tres elevee, tres haut, tres fort, tres
    forte
tres petit, tres petite | petit, petite | moyen, moyenne | grand, grande | tres grand, tres grande
tres mauvais, tres mauvaise | mauvais, mauvaise, mediocre | moyen, moyenne, passable | bon, bonne | tres
    bon, tres bonne | excellent, excellente
jamais | rarement | parfois, quelquefois | souvent | tres souvent | toujours
pas du tout d'accord | pas d'accord, plutot pas d'accord | neutre, ni d'accord ni pas d'accord | plutot
    d'accord | d'accord | tout a fait d'accord, entierement d'accord
tres insatisfait, tres insatisfaite | insatisfait, insatisfaite | neutre | satisfait, satisfaite | tres
    satisfait, tres satisfaite
tres improbable | improbable, peu probable | possible, neutre | probable | tres probable
pas important, pas du tout important | peu important | assez important, moyennement important |
    important | tres important
non | en partie, partiellement, peut-etre | oui
ninguno, ninguna, nada, nulo | muy bajo, muy baja, muy debil | bajo, baja, debil | medio, media,
    moderado, moderada, regular | alto, alta, fuerte | muy alto, muy alta, muy fuerte
muy pequeno, muy pequena | pequeno, pequena | mediano, mediana, medio | grande | muy grande
muy malo, muy mala, pesimo | malo, mala | regular, aceptable, medio | bueno, buena | muy bueno, muy
    buena | excelente
nunca | raramente, rara vez, casi nunca | a veces, ocasionalmente | a menudo, frecuentemente, casi
    siempre | siempre
muy en desacuerdo, totalmente en desacuerdo | en desacuerdo | neutral, ni de acuerdo ni en desacuerdo |
    de acuerdo | muy de acuerdo, totalmente de acuerdo
muy insatisfecho, muy insatisfecha | insatisfecho, insatisfecha | neutral, indiferente | satisfecho,
    satisfecha | muy satisfecho, muy satisfecha
muy improbable | improbable, poco probable | posible, neutral | probable | muy probable
nada importante | poco importante | algo importante, moderadamente importante | importante | muy
    importante
no | en parte, parcialmente, quizas, tal vez | si
nessuno, nessuna, niente, nullo | molto basso, molto bassa, molto debole | basso, bassa, debole | medio,
    media, moderato, moderata, discreto, discreta | alto, alta, forte | molto alto, molto alta, molto
    forte
molto piccolo, molto piccola | piccolo, piccola | medio, media | grande | molto grande
pessimo, pessima, molto scarso | scarso, scarsa, cattivo, cattiva | sufficiente, medio, discreto |
    buono, buona | ottimo, ottima, molto buono, eccellente
mai | raramente, quasi mai | a volte, qualche volta, talvolta | spesso | quasi sempre, molto spesso |
    sempre
fortemente in disaccordo, molto in disaccordo, per niente d'accordo, totalmente in disaccordo | in
    disaccordo, poco d'accordo | neutrale, ne d'accordo ne in disaccordo | d'accordo, abbastanza
    d'accordo | molto d'accordo, fortemente d'accordo, completamente d'accordo, totalmente d'accordo
molto insoddisfatto, molto insoddisfatta | insoddisfatto, insoddisfatta | neutrale | soddisfatto,
    soddisfatta | molto soddisfatto, molto soddisfatta
molto improbabile | improbabile, poco probabile | possibile, neutrale | probabile | molto probabile
per niente importante | poco importante | abbastanza importante | importante | molto importante
no | in parte, parzialmente, forse | si
nenhum, nenhuma, nada, nulo | muito baixo, muito baixa, muito fraco | baixo, baixa, fraco, fraca |
    medio, media, moderado, moderada | alto, alta, forte | muito alto, muito alta, muito forte
muito pequeno, muito pequena | pequeno, pequena | medio, media | grande | muito grande
pessimo, pessima, muito ruim, muito mau | ruim, mau, ma | regular, razoavel, medio | bom, boa | muito
    bom, muito boa, otimo, otima | excelente
nunca | raramente | as vezes, por vezes | frequentemente, muitas vezes | quase sempre | sempre
discordo totalmente, discordo fortemente | discordo | neutro, neutra, nem concordo nem discordo |
    concordo | concordo totalmente, concordo plenamente
muito insatisfeito, muito insatisfeita | insatisfeito, insatisfeita | neutro, neutra, indiferente |
    satisfeito, satisfeita | muito satisfeito, muito satisfeita
muito improvavel | improvavel, pouco provavel | possivel, neutro | provavel | muito provavel
nada importante | pouco importante | mais ou menos importante, moderadamente importante | importante |
    muito importante
nao | em parte, parcialmente, talvez | sim
geen, niets | zeer laag, heel laag, erg laag, zeer zwak | laag, lage, zwak | gemiddeld, middel, matig,
    middelmatig | hoog, hoge, sterk | zeer hoog, heel hoog, erg hoog, zeer sterk
zeer klein | klein, kleine | middelgroot, gemiddeld, middel | groot, grote | zeer groot
zeer slecht | slecht | matig, redelijk, voldoende, gemiddeld | goed | zeer goed | uitstekend
nooit | zelden, bijna nooit | soms, af en toe | vaak, regelmatig | heel vaak, bijna altijd | altijd
helemaal mee oneens, zeer mee oneens, sterk mee oneens | oneens, mee oneens | neutraal, niet mee eens
    niet mee oneens | eens, mee eens | helemaal mee eens, zeer mee eens, sterk mee eens
zeer ontevreden | ontevreden | neutraal | tevreden | zeer tevreden
zeer onwaarschijnlijk | onwaarschijnlijk | misschien, mogelijk, neutraal | waarschijnlijk | zeer
    waarschijnlijk
onbelangrijk, niet belangrijk | een beetje belangrijk | redelijk belangrijk | belangrijk | zeer
    belangrijk
nee | deels, gedeeltelijk, misschien | ja
"""
NUMBER_FIRST = re.compile(r"\s*\(?(\d{1,3})\s*[.):\-–—=]*\s*(\D.*)")
NUMBER_LAST = re.compile(r"\s*(.*?\D)\s*[\-–—:=(\[]*\s*(\d{1,3})\s*[)\]]?\s*")
FRACTION = re.compile(
    r"\s*(\d{1,3}(?:[.,]5)?)\s*(?:/|of|out of|von|sur|de|di|van|su)\s*(\d{1,3})"
    r"(?:\s*(?:stars?|points?|pts?))?\s*",
    re.IGNORECASE,
)
AMOUNT = r"[€$£¥]?\s*(\d[\d.,' ]*)\s*(k|m|mio|mln|million|bn|b|mrd|%)?\s*[€$£¥]?"
UNITS = r"employees|people|users|seats|days|weeks|months|years|mitarbeiter|tage|monate|jahre|eur|usd|gbp|chf"
UNIT = rf"(?:\s*(?:{UNITS}))?"
TO = r"-|–|—|−|to|bis|à|a|al|tot|até|\.\."
BETWEEN = re.compile(rf"{AMOUNT}\s*(?:{TO})\s*{AMOUNT}{UNIT}", re.IGNORECASE)
LESS = (
    r"<=?|≤|under|up to|less than|below|fewer than|at most|max\.?|unter|bis zu|bis|"
    r"weniger als|höchstens|moins de|jusqu'à|menos de|hasta|meno di|fino a|até|minder dan|"
    r"tot"
)
MORE = (
    r">=?|≥|over|more than|above|at least|from|min\.?|über|mehr als|mindestens|ab|plus de|"
    r"au moins|más de|desde|più di|oltre|mais de|acima de|meer dan|vanaf"
)
UPWARDS = (
    r"\+|and more|or more|and above|and over|or above|und mehr|oder mehr|et plus|ou plus|"
    r"y más|o más|e più|ou mais|en meer|of meer"
)
UNDER = re.compile(rf"(?:{LESS})\s*{AMOUNT}{UNIT}", re.IGNORECASE)
OVER = re.compile(rf"(?:{MORE})\s*{AMOUNT}{UNIT}", re.IGNORECASE)
AND_MORE = re.compile(rf"{AMOUNT}\s*(?:{UPWARDS}){UNIT}", re.IGNORECASE)
EXACTLY = re.compile(rf"{AMOUNT}{UNIT}", re.IGNORECASE)
MOST_STEPS = 20  # the highest number beside an answer's words that is a rating and no code
LEVELS = {
    "level",
    "tier",
    "grade",
    "step",
    "stage",
    "star",
    "stars",
    "stufe",
    "niveau",
    "nivel",
    "livello",
    "points",
}
TIMES = {"k": 1e3, "m": 1e6, "mio": 1e6, "mln": 1e6, "million": 1e6, "b": 1e9, "bn": 1e9, "mrd": 1e9}


def in_order(answers: Sequence[str]) -> list[str] | None:
    """Return answers lowest first; None where they have no order that all of them follow.

    Parameters
    ----------
    answers : sequence of str
        The different answers, without those that mean unknown.

    Returns
    -------
    list of str or None
        The same answers.

    Examples
    --------
    >>> in_order(["High", "Low", "Medium"]), in_order(["4 - Agree", "2 - Disagree"])
    (['Low', 'Medium', 'High'], ['2 - Disagree', '4 - Agree'])
    >>> in_order(["> 200", "11-50", "51-200", "1-10"])
    ['1-10', '11-50', '51-200', '> 200']
    """
    if len(answers) < 2:
        return None
    for rank in (_scale_ranks, _numbered_ranks, _fractions, _ranges, _stars):
        ranks = rank(answers)
        if ranks is not None and len(set(ranks)) == len(answers):
            return [answer for _, answer in sorted(zip(ranks, answers, strict=True))]
    return None


def scale_words() -> list[set[str]]:
    """Return the words of every known scale, in the form in which they are compared."""
    return [set(scale) for scale in _SCALES]


def comparable(text: str) -> str:
    """Return a text in one case, without accents, its spaces single."""
    bare = unicodedata.normalize("NFKD", fold(text))
    return " ".join("".join(sign for sign in bare if not unicodedata.combining(sign)).split())


_SCALES = [
    {comparable(word): rank for rank, words in enumerate(line.split("|")) for word in words.split(",")}
    for line in re.sub(r"\n    ", " ", SCALES).strip().splitlines()
]


def _scale_ranks(answers: Sequence[str]) -> list[float] | None:
    words = [comparable(answer) for answer in answers]
    for scale in _SCALES:
        if all(word in scale for word in words):
            ranks = [float(scale[word]) for word in words]
            if len(set(ranks)) == len(ranks):
                return ranks
    return None


def _numbered_ranks(answers: Sequence[str]) -> list[float] | None:
    """Order by the words where they are of a scale (01.High, 02.Low), else by the numbers beside them."""
    for pattern, number, word in ((NUMBER_FIRST, 1, 2), (NUMBER_LAST, 2, 1)):
        found = [match for answer in answers if (match := pattern.fullmatch(answer))]
        if len(found) < len(answers):
            continue
        texts = [match[word].strip(" .):-–—=([") for match in found]
        numbers = [float(match[number]) for match in found]
        by_words = _scale_ranks(texts)
        if by_words is not None or _is_rating(numbers, texts):
            return by_words or numbers
    return None


def _is_rating(numbers: Sequence[float], texts: Sequence[str]) -> bool:
    """Return whether numbers beside words rate something: few steps, and words that differ."""
    told = {comparable(text) for text in texts}
    differ = len(told) > 1 or told <= LEVELS
    steps = max(numbers) - min(numbers) <= 2 * len(numbers) + 1 and max(numbers) <= MOST_STEPS
    return differ and steps and all(re.search(r"[^\W\d_]{2}", text) for text in texts)


def _fractions(answers: Sequence[str]) -> list[float] | None:
    found = [FRACTION.fullmatch(answer) for answer in answers]
    if not all(found) or len({one[2] for one in found if one}) != 1:
        return None
    return [float(one[1].replace(",", ".")) for one in found if one]


def _stars(answers: Sequence[str]) -> list[float] | None:
    """Count a sign that stands several times, as in ★★★☆☆; all answers must have the same sign."""
    found = [re.fullmatch(r"([^\w\s])(\1*)\W*", answer.strip()) for answer in answers]
    signs = {one[1] for one in found if one}
    if not all(found) or len(signs) > 1:
        return None
    return [1.0 + len(one[2]) for one in found if one]


def _ranges(answers: Sequence[str]) -> list[float] | None:
    """Order ranges of numbers by where they begin; at least one must be a range and not a plain number."""
    starts = [_start_of(answer.strip()) for answer in answers]
    if any(start is None for start in starts) or all(EXACTLY.fullmatch(answer.strip()) for answer in answers):
        return None
    return [start for start in starts if start is not None]


def _start_of(text: str) -> float | None:
    if comparable(text) in ("none", "no", "nil", "keine", "aucun", "ninguno", "nessuno", "nenhum", "geen"):
        return -math.inf
    if match := BETWEEN.fullmatch(text):
        return _amount(match[1], match[2] or match[4])
    if match := UNDER.fullmatch(text):
        return -1e-9 + min(_amount(match[1], match[2]), 0)
    if match := OVER.fullmatch(text) or AND_MORE.fullmatch(text):
        return _amount(match[1], match[2]) + 1e-9
    match = EXACTLY.fullmatch(text)
    return _amount(match[1], match[2]) if match else None


def _amount(digits: str, unit: str | None) -> float:
    """Return a number of a range: marks before three digits are thousands, as a range has few decimals."""
    plain = re.sub(r"[.,' ](?=\d{3}(?!\d))", "", digits.strip(" .,'")).replace(",", ".").replace(" ", "")
    try:
        return float(plain) * TIMES.get((unit or "").lower(), 1.0)
    except ValueError:
        return math.nan
