"""What the words of an outcome column mean, in seven languages: won, lost, no decision, open, or not known.

A word is understood only where all of it is: "Closed Won (Sales Pipeline)" is won, "Verbal win" is not known.
What is not known is never taken for anything.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from qualify._support.words import fold

Meaning = str  # "won", "lost", "no decision" or "open"

# Whole words, without accents, as `plain_words` gives them; a star stands for any ending.
WON = """
won win wins winning closedwon gewonnen gagne gagnee gagnes remporte remportee ganado ganada ganados
vinto vinta vinti ganho ganha ganhou gewonnene
"""
LOST = """
lost loss lose losing closedlost verloren verlorene perdu perdue perdus perdido perdida perdidos
perso persa persi perdeu verlies
"""
OPEN = """
open opened prospect prospects prospecting prospection prospektion qualif* kwalific* calific*
cualific* discover* decouvert* descubrimiento descobert* scopert* ontdekk* propos* propuest*
angebot* voorstel* offert* quot* devis cotiza* cotac* preventiv* presupuest* orcament* negoti*
negoci* negoz* verhandl* onderhandel* trattativ* commit* upside pipeline forecast* pending progress
hold lead leads new contact* demo* presentation* meeting evaluat* needs analysis decision makers
shortlist* trial pilot poc review approval* verbal waiting active ongoing working develop* stalled
paused nurtur* appointment scheduled offen offene bearbeitung laufend laufende anfrage neu
bedarfsanalyse erstkontakt interessent wartend ausstehend pausiert zuruckgestellt termin prufung
ouvert ouverte cours attente nouveau nouvelle abierto abierta curso progreso pendiente prospeccion
espera nuevo nueva aperto aperta corso attesa prospezione sospeso sospesa nuovo nuova aberto aberta
andamento pendente prospeccao espera novo nova lopend lopende behandeling bezig wachtend wacht nieuw
nieuwe prospectie inprogress onhold
"""
NO_DECISION = """
no decision | no decision made | nodecision | no decision taken | not decided |
keine entscheidung | kein abschluss | ohne entscheidung | nicht entschieden | sans decision |
pas de decision | aucune decision | sin decision | ninguna decision | nessuna decisione |
senza decisione | sem decisao | nenhuma decisao | geen beslissing | geen besluit |
zonder beslissing | zonder besluit
"""
# Words that say nothing of the outcome by themselves and may stand beside one that does.
BESIDE = """
closed close deal deals opportunity sales sale stage status the to by a an as and of in on for with
id our us we competitor competition competitors price pricing budget timing other reason customer
deal business order geschlossen abgeschlossen auftrag an wettbewerb wettbewerber preis verkauf
chance und der die das in cerrado cerrada venta oportunidad ferme fermee conclu conclue affaire
vente chiuso chiusa chiusi trattativa vendita fechado fechada negocio venda afgesloten gesloten
verkoop order en la le les el los de du des a o e em na no in value buyer bought buy perception
makers identify identified sent given submitted scheduled abgegeben gesendet verschickt erstellt
envoye envoyee enviado enviada inviato inviata verzonden verstuurd contract vertrag contrat contrato
contratto it still was were is are has have been this our wir haben hat wurde ist noch
"""
# Stages that CRMs come with and that say little word by word.
STAGES = {
    "contract sent",
    "decision maker bought-in",
    "qualified to buy",
    "propose",
    "develop",
    "close",
    "id. decision makers",
}
NEGATION = """
not no non nicht kein keine ohne pas sin senza sem nao niet geen zonder never nie jamais nunca mai
un
"""
# Starts of words beside which a win may be another's, or no longer one: "Competitor won", "Won, cancelled".
NO_OWN_WIN = """
compet* wettbew* mitbewerb* konkurr* concurr* concorr* other* autre* otro* otra* altro* altra* outro*
outra* ander* cancel* revers* revok* void* churn* storn* widerr* annul* anul* kundig* resili* rescind*
disdett* opgezeg*
"""
# With these neither outcome is certain.
UNCERTAIN = """
reopen* duplic* dublett* doublon* dubbel* wiedereroff* test*
"""
YES = {"yes", "y", "true", "t", "1", "ja", "j", "oui", "si", "sim", "s", "wahr", "vrai", "verdadero", "vero"}
NO = {
    "no",
    "n",
    "false",
    "f",
    "0",
    "nein",
    "non",
    "nao",
    "nee",
    "falsch",
    "faux",
    "falso",
    "onwaar",
    "waar nicht",
}
NUMBERING = re.compile(r"^\s*\(?\d{1,3}\s*[.):\-–]+\s*")
SUFFIX = re.compile(r"\s*[(\[][^()\[\]]*[)\]]\s*$")
SHARE = re.compile(r"\s*\d{1,3}\s*%\s*")
PARTS = re.compile(r"\s+[-–—|:/]\s+|[:|/,;]\s*|\s*[–—]\s*")


def plain_words(text: str) -> list[str]:
    """Return the words of a text in lower case, without accents.

    Parameters
    ----------
    text : str
        As written.

    Returns
    -------
    list of str
        Apostrophes stay within a word, so that "won't" is not "won".

    Examples
    --------
    >>> plain_words("Geschlossen – Verloren"), plain_words("Won't close")
    (['geschlossen', 'verloren'], ["won't", 'close'])
    """
    bare = "".join(
        sign for sign in unicodedata.normalize("NFKD", fold(text)) if not unicodedata.combining(sign)
    )
    return re.findall(r"[^\W\d_]+(?:'[^\W\d_]+)*", bare)


def meaning_of(word: str) -> Meaning | None:
    """Return what a word of an outcome column means.

    Parameters
    ----------
    word : str
        As written, perhaps with a number before it, a share, or a pipeline's name in brackets behind it.

    Returns
    -------
    {"won", "lost", "no decision", "open"} or None
        None where it is not understood.

    Examples
    --------
    >>> meaning_of("Closed Won (Sales Pipeline)"), meaning_of("Negotiation/Review"), meaning_of("Abandoned")
    ('won', 'open', None)
    """
    text = SHARE.sub(" ", NUMBERING.sub("", word))
    start = SUFFIX.sub("", text)
    within = _whole(text[len(start) :])  # "Proposal (lost)" is not open
    found = _whole(text) or (_whole(start) or _by_parts(start) if within in (None, "open") else None)
    if found in ("won", "lost") and _doubtful(text, found):
        return None
    return found or ("open" if fold(start) in STAGES else None)


def named_in(word: str) -> Meaning | None:
    """Return the one outcome that any word of a phrase names, for a suggestion; None for none or several."""
    named = {kind for one in plain_words(word) if (kind := _kind(one)) in ("won", "lost", "open")}
    return named.pop() if len(named) == 1 else None


def says_yes(word: str) -> bool | None:
    """Return whether a word says yes or no; None where it is neither."""
    plain = " ".join(plain_words(word)) or fold(word)
    number = plain if plain in YES | NO else fold(word).removesuffix(".0")
    return True if number in YES else False if number in NO else None


def heading_says(heading: str) -> str | None:
    """Return what a heading asks of a deal: "won", "lost", "closed" or "open"; None for anything else."""
    words = set(plain_words(re.sub(r"(?<=[a-z])(?=[A-Z])", " ", heading)))
    if words & _stems(LOST):
        return "lost"
    if words & _stems(WON):
        return "won"
    closed = {
        "closed",
        "geschlossen",
        "abgeschlossen",
        "cerrado",
        "cerrada",
        "ferme",
        "chiuso",
        "fechado",
        "gesloten",
    }
    if words & closed and not words & {"date", "datum", "reason", "fecha", "data", "by", "on"}:
        return "closed"
    return "open" if words & {"open", "offen", "ouvert", "abierto", "aperto", "aberto"} else None


def _doubtful(text: str, found: Meaning) -> bool:
    """Return whether a word says won or lost and then takes it back."""
    starts = _starts(UNCERTAIN) + (_starts(NO_OWN_WIN) if found == "won" else ())
    return "?" in text or any(word.startswith(starts) for word in plain_words(text))


def _whole(text: str) -> Meaning | None:
    words = plain_words(text)
    if " ".join(words) in _phrases(NO_DECISION):
        return "no decision"
    if not words or set(words) & _stems(NEGATION):
        return None
    kinds = {kind for word in words if (kind := _kind(word)) != "beside"}
    return kinds.pop() if len(kinds) == 1 and None not in kinds else None


def _by_parts(text: str) -> Meaning | None:
    """Return the one outcome that the parts of "Won - Upsell" or "Closed Lost: price" name."""
    found = {meaning for part in PARTS.split(text) if (meaning := _whole(part))}
    if found in ({"lost", "no decision"}, {"no decision"}):
        return "no decision"
    return found.pop() if len(found) == 1 and found != {"open"} else None


def _kind(word: str) -> str | None:
    if word in _stems(WON):
        return "won"
    if word in _stems(LOST):
        return "lost"
    if word in _stems(OPEN) or any(word.startswith(stem) for stem in _starts(OPEN)):
        return "open"
    return "beside" if word in _stems(BESIDE) else None


@cache
def _stems(words: str) -> frozenset[str]:
    return frozenset(word for word in words.split() if not word.endswith("*"))


@cache
def _starts(words: str) -> tuple[str, ...]:
    return tuple(word[:-1] for word in words.split() if word.endswith("*"))


@cache
def _phrases(text: str) -> frozenset[str]:
    return frozenset(phrase.strip() for phrase in text.replace("\n", " ").split("|"))
