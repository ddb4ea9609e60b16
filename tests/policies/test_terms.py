from datetime import date, timedelta

import pytest

from policies.problems import RuleSetInvalid
from policies.terms import PREREQUISITES, LogTerm, Title, parse_log_term, parse_terms

GOOD = """
municipality = "den-helder"
name = "Den Helder"
timezone = "Europe/Amsterdam"
term_days = 28
longest_grant_hours = 24
wearing = { nl = "Boa's.", en = "Officers." }
recording = { nl = "Wat uit de hand loopt.", en = "What escalates." }
[source]
title = "Bodycams bij boa's"
url = "https://www.denhelder.nl/bodycams"
consulted = 2026-11-24
[purposes]
aangifte = { nl = "Aangifte", en = "Criminal complaint" }
[recipients]
om = { nl = "Openbaar Ministerie", en = "Public prosecutor" }
"""


def test_reads_terms() -> None:
    terms = parse_terms(GOOD)
    assert (terms.municipality, terms.name, terms.timezone) == (
        "den-helder",
        "Den Helder",
        "Europe/Amsterdam",
    )
    assert (terms.term_days, terms.longest_grant) == (28, timedelta(days=1))
    assert terms.purposes == {"aangifte": Title(nl="Aangifte", en="Criminal complaint")}
    assert terms.recipients == {"om": Title(nl="Openbaar Ministerie", en="Public prosecutor")}
    assert (str(terms.source.url), terms.source.consulted) == (
        "https://www.denhelder.nl/bodycams",
        date(2026, 11, 24),
    )


def test_nobody_discloses_where_no_recipient_is_listed() -> None:
    alone = GOOD.replace('om = { nl = "Openbaar Ministerie", en = "Public prosecutor" }', "")
    assert parse_terms(alone).recipients == {}


@pytest.mark.parametrize(
    ("text", "instead", "complaint"),
    [
        ("term_days = 28", "term_days = 0", "term_days: Input should be greater than or equal to 1"),
        ("term_days = 28", "term_days = 99999", "term_days: Input should be less than or equal to 3660"),
        ("term_days = 28", "term_days = true", "term_days: Input should be a valid integer"),
        ("term_days = 28", 'term_days = "28"', "term_days: Input should be a valid integer"),
        ("term_days = 28", "", "term_days: Field required"),
        ("term_days = 28", "term_days = 28\nterm_day = 14", "term_day: Extra inputs are not permitted"),
        ("longest_grant_hours = 24", "longest_grant_hours = 0", "longest_grant_hours: Input should be"),
        ("longest_grant_hours = 24", "longest_grant_hours = 100000", "longest_grant_hours: Input should be"),
        ("Europe/Amsterdam", "Europe/Paris", "timezone: Input should be 'Europe/Amsterdam'"),
        ('"den-helder"', '"Den Helder"', "municipality: String should match pattern"),
        ('name = "Den Helder"', 'name = " "', "name: String should have at least 1"),
        (
            'aangifte = { nl = "Aangifte", en = "Criminal complaint" }',
            "",
            "purposes: Dictionary should have at least 1 item",
        ),
        ('en = "Criminal complaint"', 'en = ""', "purposes.aangifte."),
        ('en = "Criminal complaint"', "en = 1", "purposes.aangifte."),
        (', en = "Public prosecutor"', "", "recipients.om.en: Field required"),
        (
            'en = "Criminal complaint"',
            'en = "Criminal complaint", de = "x"',
            "purposes.aangifte.",
        ),
        ("om = {", "OM = {", "recipients.OM.[key]: String should match pattern"),
        (
            'aangifte = { nl = "Aangifte", en = "Criminal complaint" }',
            "aangifte = 1",
            "purposes.aangifte: Input should be",
        ),
        ("Bodycams bij boa's", "", "source.title: String should have at least 1"),
        ("consulted = 2026-11-24", "", "source.consulted: Field required"),
        (
            "consulted = 2026-11-24",
            "consulted = 2026-11-24T00:00:00",
            "source.consulted: Input should be a valid date",
        ),
        ("https://", "http://", "source.url: Value error, must be an https address"),
        ("url =", "link =", "source.link: Extra inputs"),
        ("[source]", "[sauce]", "source: Field required"),
        ("term_days = 28", "term_days = = 28", "is not TOML"),
    ],
)
def test_says_what_is_wrong(text: str, instead: str, complaint: str) -> None:
    assert text in GOOD
    with pytest.raises(RuleSetInvalid) as refused:
        parse_terms(GOOD.replace(text, instead), "den-helder/terms.toml")
    assert complaint in str(refused.value)
    assert all(problem.file == "den-helder/terms.toml" for problem in refused.value.problems)


def test_says_all_that_is_wrong() -> None:
    text = GOOD.replace("= 28", "= 0").replace("http", "ftp").replace("Amsterdam", "Paris")
    with pytest.raises(RuleSetInvalid) as refused:
        parse_terms(text)
    assert [str(problem).split(":")[1].strip() for problem in refused.value.problems] == [
        "source.url",
        "term_days",
        "timezone",
    ]


def test_what_falls_under_the_wpg_may_have_a_term_of_its_own() -> None:
    assert parse_terms(GOOD).term_of("wpg") == 28
    own = parse_terms(GOOD.replace("term_days = 28", "term_days = 28\nwpg_term_days = 3652"))
    assert (own.term_of("avg"), own.term_of("wpg")) == (28, 3652)


@pytest.mark.parametrize("days", ["term_days = 28\nwpg_term_days = 3653", "term_days = 3653"])
def test_no_police_data_is_kept_for_more_than_ten_years(days: str) -> None:
    """Also where it has no term of its own; ten years have 3,652 days at least."""
    with pytest.raises(RuleSetInvalid, match=r"destroyed after ten years .* at most 3652 days"):
        parse_terms(GOOD.replace("term_days = 28", days))
    longest = parse_terms(GOOD.replace("term_days = 28", "term_days = 3660\nwpg_term_days = 3652"))
    assert (longest.term_of("avg"), longest.term_of("wpg")) == (3660, 3652)


ACTIVITY = "https://register.example.nl/verwerkingen/7"


def test_the_processing_activity_is_told_per_law() -> None:
    none = parse_terms(GOOD)
    assert (none.activity_of("avg"), none.activity_of("wpg"), none.activity_of(None)) == (None, None, None)
    one = parse_terms(GOOD.replace("term_days", f'processing_activity = "{ACTIVITY}"\nterm_days', 1))
    assert (one.activity_of("avg"), one.activity_of("wpg"), one.activity_of(None)) == (ACTIVITY,) * 3
    police = f'wpg_processing_activity = "urn:example:8"\nprocessing_activity = "{ACTIVITY}"\nterm_days'
    both = parse_terms(GOOD.replace("term_days", police, 1))
    assert (both.activity_of("avg"), both.activity_of("wpg"), both.activity_of(None)) == (
        ACTIVITY,
        "urn:example:8",
        ACTIVITY,
    )


@pytest.mark.parametrize("wrong", ["7", "http://register.example.nl/7", "https://een register", "urn:é", ""])
def test_a_processing_activity_is_an_address_others_can_refer_to(wrong: str) -> None:
    with pytest.raises(RuleSetInvalid, match="processing_activity"):
        parse_terms(GOOD.replace("term_days", f'processing_activity = "{wrong}"\nterm_days', 1))


HOLD = """
[[holds]]
trigger = "complaint"
released_by = "settled"
days_after = 0
placed_by = {}
title = {{ nl = "Klacht", en = "Complaint" }}
"""


@pytest.mark.parametrize(
    ("by", "purpose", "declared", "places"),
    [
        ('{ purposes = ["aangifte"] }', "aangifte", (), True),
        ('{ purposes = ["aangifte"] }', "klacht", ("complaint-filed",), False),
        ('{ prerequisites = ["complaint-filed", "demand-received"] }', "klacht", ("demand-received",), True),
        ('{ prerequisites = ["complaint-filed"] }', "klacht", ("demand-received",), False),
        ('{ prerequisites = ["complaint-filed"] }', "aangifte", (), False),
        (
            '{ purposes = ["aangifte"], prerequisites = ["complaint-filed"] }',
            "aangifte",
            ("complaint-filed",),
            True,
        ),
        ('{ purposes = ["aangifte"], prerequisites = ["complaint-filed"] }', "aangifte", (), False),
        (
            '{ purposes = ["aangifte"], prerequisites = ["complaint-filed"] }',
            "klacht",
            ("complaint-filed",),
            False,
        ),
    ],
)
def test_a_request_places_a_hold_by_what_it_is_for_or_declares(
    by: str, purpose: str, declared: tuple[str, ...], *, places: bool
) -> None:
    terms = parse_terms(GOOD + HOLD.format(by))
    assert terms.placed_by(purpose, declared) == (terms.holds if places else ())


def test_without_a_word_about_it_only_a_person_places_a_hold() -> None:
    by_hand = parse_terms(GOOD + HOLD.replace("placed_by = {}", "").format())
    assert by_hand.holds
    assert by_hand.placed_by("aangifte", PREREQUISITES) == ()


@pytest.mark.parametrize(
    ("by", "complaint"),
    [
        ("{ }", "name purposes, prerequisites or both"),
        ("{ purposes = [] }", "name purposes, prerequisites or both"),
        ('{ purposes = ["klacht"] }', "complaint: placed_by: klacht is no purpose here"),
        ('{ prerequisites = ["complaint_filed"] }', "must be one of at-officers-request, complaint-filed"),
        ('{ prerequisites = ["has-case-reference"] }', "must be one of"),
        ('{ purpose = ["aangifte"] }', "purpose: Extra inputs are not permitted"),
    ],
)
def test_what_places_a_hold_is_known_here(by: str, complaint: str) -> None:
    with pytest.raises(RuleSetInvalid) as refused:
        parse_terms(GOOD + HOLD.format(by))
    assert complaint in str(refused.value)


FOR_ALL = LogTerm(at_least_years=5, why=Title(nl="Tot de audit.", en="Until the audit."))


@pytest.mark.parametrize(
    ("own", "years"),
    [
        ("", 5),
        ("log_term_years = 5", 5),
        ("log_term_years = 8", 8),
        ("wpg_term_days = 1830", 5),
        ("wpg_term_days = 1831", 6),
        ("wpg_term_days = 3652", 10),
        ("wpg_term_days = 3652\nlog_term_years = 7", 10),
    ],
)
def test_the_trail_is_kept_as_long_as_for_all_or_its_own_or_its_footage(own: str, years: int) -> None:
    terms = parse_terms(GOOD.replace("term_days = 28", f"term_days = 28\n{own}"))
    assert terms.with_log_term(FOR_ALL).log_term_years == years


def test_a_trail_kept_for_less_is_refused_with_the_reason() -> None:
    terms = parse_terms(GOOD.replace("term_days = 28", "term_days = 28\nlog_term_years = 4"))
    with pytest.raises(ValueError, match=r"at least 5\. Tot de audit\. / Until the audit\."):
        terms.with_log_term(FOR_ALL)


def test_the_term_for_all_is_read_strictly() -> None:
    good = 'at_least_years = 5\nwhy = { nl = "Audit.", en = "Audit." }'
    assert parse_log_term(good).at_least_years == 5
    for wrong in ("", good.replace("5", "0"), good.replace("5", "21"), good + "\nyears = 6"):
        with pytest.raises(RuleSetInvalid):
            parse_log_term(wrong)
