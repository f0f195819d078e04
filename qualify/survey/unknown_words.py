"""Words that mean "not known": those that every survey has, and those that a draft recognises besides."""

from __future__ import annotations

from qualify._support.words import fold

UNKNOWN = "unknown"
UNKNOWN_WORDS = ("unknown", "not known", "don't know", "dont know", "not sure", "n/a", "?", "tbd")

# A column that holds one of these has it drafted as unknown.
LISTS = (
    """
    not available | no answer | not asked | not answered | unspecified | not specified | missing |
    tbc | to be confirmed | to be determined | - | -- | --- | ... | … | ?? | ??? | not applicable |
    does not apply | select | please select | select one | select... | -select- | - select - |
    --select-- | -- select -- | choose | please choose | choose one | --none-- | - none - | -none- |
    <none> | no info | no information | no data | prefer not to say | prefer not to answer | refused
    | can't say | cannot say | no idea | no opinion | i don't know | do not know | i do not know |
    unclear | undefined | not provided | not stated | not given | unsure | not yet known | don't
    know yet
    """,  # English
    """
    unbekannt | nicht bekannt | weiß nicht | weiss nicht | ich weiß nicht | k.a. | k. a. | k.a | ka
    | keine angabe | keine angaben | keine ahnung | unklar | nicht zutreffend | trifft nicht zu |
    entfällt | bitte wählen | bitte auswählen | noch offen | noch unklar | nicht bekannt gegeben
    """,  # German
    """
    inconnu | inconnue | ne sait pas | je ne sais pas | nsp | non renseigné | non renseignée | sans
    objet | non applicable | pas de réponse | sans réponse | non précisé | à définir | veuillez
    choisir | sélectionner
    """,  # French
    """
    desconocido | desconocida | no sabe | no se sabe | no sé | ns/nc | no aplica | no procede | sin
    datos | sin información | sin respuesta | no contesta | por definir | seleccionar | seleccione
    """,  # Spanish
    """
    sconosciuto | sconosciuta | non so | non lo so | non noto | non applicabile | nessuna risposta |
    non risponde | da definire | non disponibile | seleziona | selezionare
    """,  # Italian
    """
    desconhecido | desconhecida | não sei | não sabe | não se aplica | não aplicável | sem resposta
    | sem informação | não informado | não informada | a definir | selecione
    """,  # Portuguese
    """
    onbekend | niet bekend | weet niet | weet ik niet | niet van toepassing | n.v.t. | nvt | geen
    antwoord | geen mening | onduidelijk | selecteer | maak een keuze
    """,  # Dutch
)
MORE_UNKNOWN = frozenset(fold(word) for words in LISTS for word in " ".join(words.split()).split(" | ")) - {
    ""
}
# Codes that may be answers of their own (NA is North America); unknown only where the others leave no doubt.
CODES = frozenset({"na", "nan", "null", "#n/a", "<na>"})
