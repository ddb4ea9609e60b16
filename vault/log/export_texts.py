"""What stands beside an export for the people who check it: how to, in two languages, and whom to trust."""

from collections.abc import Sequence

from auditor.checkpoints import Checkpoint
from auditor.notes import VerifierKey

_NL = """\
HET AUDITLOG VAN {origin}
{size} regels, tot en met het controlepunt (checkpoint) in deze map.

Deze map bevat het inzagelog zoals de software het bijhoudt: elke regel die is vastgelegd, zonder namen, en
de hashes waarmee u zelf kunt nagaan dat er niets is veranderd, verwijderd of ingevoegd.

NAGAAN
1. Haal het programma `auditor` niet bij wie dit log bijhoudt, maar bij de uitgever van de software, of
   gebruik een ander programma voor hetzelfde formaat: zie onderaan.
2. Vergelijk de sleutel hieronder met de sleutel die u eerder en langs een andere weg kreeg. Wie deze map
   maakt, kan ook een andere sleutel in dit bestand zetten.
3. Ga naar deze map en voer uit:

     python -m auditor verify . --key '{key}'{witness_options} --language nl

   Het eindigt met 0 als het klopt, 1 als er iets niet klopt, 2 als iets niet te controleren was. Het zegt
   erbij wat dat bewijst en wat niet.
4. Bewaar het bestand `checkpoint`. Geef het de volgende keer mee met `--since`: dan ziet u ook of het log
   doorgaat op wat u eerder zag.

GETUIGE ZIJN
Een getuige onthoudt wat het log toonde en ondertekent alleen wat daarop doorgaat:

     python -m auditor witness key --name uw.naam.nl
     python -m auditor witness watch . --key '{key}' --once --language nl
"""
_EN = """\
THE AUDIT LOG OF {origin}
{size} entries, up to the checkpoint in this folder.

This folder holds the audit trail as the software keeps it: every entry that was recorded, without names, and
the hashes by which you can see for yourself that nothing was changed, removed or inserted.

VERIFY
1. Do not take the program `auditor` from who keeps this log, but from the publisher of the software, or use
   another program for the same format: see below.
2. Compare the key below with the key that you got before and by another way. Whoever makes this folder can
   put another key in this file too.
3. Go to this folder and run:

     python -m auditor verify . --key '{key}'{witness_options} --language en

   It ends with 0 when all is well, 1 when something does not match, 2 when something could not be checked. It
   says what that proves and what it does not.
4. Keep the file `checkpoint`. Hand it in the next time with `--since`: then you also see whether the log
   continues what you saw before.

BE A WITNESS
A witness remembers what the log showed and signs only what continues it:

     python -m auditor witness key --name your.name.example
     python -m auditor witness watch . --key '{key}' --once --language en
"""
_FILES = """\
FORMAAT / FORMAT
checkpoint           c2sp.org/tlog-checkpoint, c2sp.org/signed-note, c2sp.org/tlog-cosignature
cosigned/            wat elke getuige het laatst ondertekende / what each witness cosigned last, by key id
tile/                c2sp.org/tlog-tiles: RFC 6962, SHA-256
tile/entries/        regels / entries: canonical JSON (RFC 8785)
minimum-index        onder dit nummer worden geen regels meer getoond / below it no entries are shown any more
vkeys                sleutels van dit log, de huidige eerst / keys of this log, the current one first
policy               c2sp.org/tlog-policy

Andere programma's / other programs: golang.org/x/mod/sumdb (note, tlog); aics-tlog (PyPI).
"""


def readme(key: VerifierKey, witnesses: Sequence[VerifierKey], head: Checkpoint) -> str:
    """How to verify this export, in Dutch and in English."""
    options = "".join(f" \\\n       --witness '{witness}'" for witness in witnesses)
    told = [
        text.format(origin=head.origin, size=head.size, key=key, witness_options=options)
        for text in (_NL, _EN)
    ]
    return f"\n{'-' * 78}\n\n".join([*told, _FILES])


def policy(keys: Sequence[VerifierKey], witnesses: Sequence[VerifierKey]) -> str:
    """Which log and which witnesses (c2sp.org/tlog-policy): every one of them must have cosigned."""
    lines = [f"log {key}" for key in keys]
    lines += [f"witness {witness.name} {witness}" for witness in witnesses]
    if witnesses:
        lines.append(f"group witnesses all {' '.join(witness.name for witness in witnesses)}")
    lines.append(f"quorum {'witnesses' if witnesses else 'none'}")
    return "".join(f"{line}\n" for line in lines)
