"""The closed lists in plain Dutch and English: what a citizen or the works council reads in place of a name.

Purposes and recipients are not here: each municipality's terms.toml words its own.
"""

from typing import NamedTuple

from policies.rules import Obligation
from policies.terms import Release, Trigger


class Words(NamedTuple):
    """One thing, in the two languages of the product."""

    nl: str
    en: str

    def in_language(self, language: str) -> str:
        """The words in `language`, "nl" or "en"."""
        return self.en if language == "en" else self.nl


RECORDS = {
    "dpia": Words("DPIA (gegevensbeschermingseffectbeoordeling)", "DPIA (data protection impact assessment)"),
    "works-council": Words("instemming van de ondernemingsraad", "consent of the works council"),
    "citizen-notice": Words("uitleg aan burgers over wat er met hun gegevens gebeurt", "notice to citizens"),
}
"""By their names in terms.toml, in the order in which they are shown."""

ROLES = {
    "officer": Words("de handhaver", "the officer"),
    "supervisor": Words("de teamleider", "the supervisor"),
    "decider": Words("de beheerder bodycam", "the decider"),
    "privacy-officer": Words("de privacy officer", "the privacy officer"),
    "functional-administrator": Words("de functioneel beheerder", "the functional administrator"),
    "auditor": Words("de auditor", "the auditor"),
    "complaint-handler": Words("de klachtbehandelaar", "the complaint handler"),
    "integrity-investigator": Words("de integriteitsonderzoeker", "the integrity investigator"),
    "application": Words("andere software van de gemeente", "other software of the municipality"),
}
"""The roles of the schema."""

OBLIGATIONS = {
    Obligation.DECIDER: Words("Een ander keurt het eerst goed.", "Somebody else approves first."),
    Obligation.NO_COPY: Words("Er wordt geen kopie gegeven.", "No copy is given."),
    Obligation.WATERMARK: Words("Het beeld draagt een watermerk.", "The picture carries a watermark."),
    Obligation.OTHERS_UNRECOGNISABLE: Words(
        "Anderen zijn onherkenbaar gemaakt.", "Others are made unrecognisable."
    ),
    Obligation.ON_SITE_ONLY: Words("Alleen op kantoor te bekijken.", "To be watched at the office only."),
    Obligation.NOTIFY: Words("De betrokken handhavers krijgen bericht.", "The officers concerned are told."),
}

FACTS = {
    "hasCaseReference": Words("er is een zaaknummer", "there is a case reference"),
    "complaintFiled": Words("er is een klacht ingediend", "a complaint has been filed"),
    "criminalComplaintFiled": Words("er is aangifte gedaan", "a criminal complaint has been filed"),
    "demandReceived": Words("OM of politie vordert de beelden", "prosecutor or police demand the footage"),
    "subjectDepicted": Words("de betrokkene staat er zelf op", "the data subject stands on it"),
    "demonstrableInterest": Words("er is een aantoonbaar belang", "there is a demonstrable interest"),
    "atOfficersRequest": Words("de handhaver vraagt erom", "the officer asks for it"),
    "safetyIncident": Words(
        "de veiligheid van een handhaver was in het geding", "an officer's safety was touched"
    ),
    "integrityInvestigation": Words(
        "er is een integriteitsonderzoek geopend", "an integrity investigation was opened"
    ),
    "daysAfterRecording": Words(
        "hoeveel dagen na de opname het wordt gevraagd", "how many days after the recording it is asked"
    ),
    "recipient": Words("aan wie de beelden gaan", "to whom the footage goes"),
    "otherViewers": Words("hoeveel anderen de beelden mochten zien", "how many others were granted it"),
    "maker": Words("wie de opname maakte", "who made the recording"),
    "depicted": Words("welke handhavers erop staan", "which officers stand on it"),
    "team": Words("van welk team de opname is", "which team the recording is of"),
    "regime": Words("of de opname onder AVG of Wpg valt", "whether AVG or Wpg applies to it"),
    "recordedAt": Words("wanneer het is opgenomen", "when it was recorded"),
}
"""What a rule can look at, by the schema's names: of a request, and of a recording."""

TRIGGERS = {
    Trigger.VIEWING_REQUEST: Words("een verzoek om de beelden te bekijken", "a request to see the footage"),
    Trigger.ACCESS_REQUEST: Words(
        "een inzageverzoek van een betrokkene", "an access request by a data subject"
    ),
    Trigger.COMPLAINT: Words("een klacht", "a complaint"),
    Trigger.CRIMINAL_COMPLAINT: Words("een aangifte", "a criminal complaint"),
    Trigger.DEMAND: Words("een vordering van OM of politie", "a demand by prosecutor or police"),
    Trigger.INCIDENT: Words("een incident", "an incident"),
    Trigger.SAFETY_INCIDENT: Words(
        "een incident dat de veiligheid van een handhaver raakte",
        "an incident that touched an officer's safety",
    ),
    Trigger.INTEGRITY_INVESTIGATION: Words("een integriteitsonderzoek", "an integrity investigation"),
    Trigger.OBJECTION: Words("een bezwaar of beroep", "an objection or appeal"),
    Trigger.DAMAGE_CLAIM: Words("een schadeclaim", "a claim for damage"),
    Trigger.ARCHIVE: Words("een besluit om te archiveren", "a decision to archive"),
    Trigger.LEGAL_REASON: Words("een wettelijke reden", "a legal reason"),
}

RELEASES = {
    Release.ANSWERED: Words("het verzoek is beantwoord", "the request is answered"),
    Release.SETTLED: Words("de zaak is afgehandeld", "the matter is settled"),
    Release.INVESTIGATION_ENDED: Words("het onderzoek is afgerond", "the investigation has ended"),
    Release.HANDED_OVER: Words("de beelden zijn overgedragen", "the footage has been handed over"),
    Release.JUDGMENT_FINAL: Words("de uitspraak is onherroepelijk", "the judgment is final"),
    Release.REASON_LAPSED: Words("de reden is vervallen", "the reason has lapsed"),
}

STAGES = (
    Words(
        "Het eerste jaar: voor alles waarvoor de gemeente beelden gebruikt.",
        "The first year: for all that the municipality uses footage for.",
    ),
    Words(
        "Daarna tot vijf jaar: alleen na een treffer in een zaak van nu, en voor klachten, verantwoording en "
        "inzage.",
        "Then until five years: only on a hit with a case of today, and for complaints, accountability and "
        "access.",
    ),
    Words(
        "Daarna tot tien jaar: alleen voor klachten, verantwoording en inzage, en niet meer verstrekt.",
        "Then until ten years: for complaints, accountability and access only, and not disclosed any more.",
    ),
    Words("Na tien jaar: nergens meer voor.", "After ten years: for nothing any more."),
)
"""What police data may serve, stage by stage (`policies.wpg`)."""
