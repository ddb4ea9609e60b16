"""What is made for a collector: all that can be told, also beside what somebody wrote past the software."""

from datetime import UTC, datetime

from structlog.testing import capture_logs

from console.demo import town
from tests.installation import MAKER, Installation
from tests.watching import PURPOSE, entries
from vault.audit import Entry, Event, append
from vault.exports.entries import place
from vault.exports.streams import Stream
from vault.trail import Question
from vault.trail import read as read_trail

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
DENIED = Question(town.SLUG, PURPOSE)


def test_a_payload_that_says_what_none_of_ours_would_is_told_by_its_leaf(
    small: Installation, adl: Stream, ldv: Stream
) -> None:
    read_trail(small.vault, small.caller(town.SUPERVISOR), DENIED, now=datetime.now(UTC))
    small.settle()
    for details in ({"shown": ["no id"]}, {"about": "it", "action": 3}):
        with small.vault.database.transaction() as session:
            for event in (Event.REQUESTS_LISTED, Event.DECISION_EVALUATED):
                entry = Entry(
                    event=event,
                    at=NOW,
                    actor=MAKER,
                    municipality=town.SLUG,
                    decision="allow",
                    rule_set="00" * 32,
                    details=details,
                    purpose="klacht",
                )
                append(session, small.vault.ring, entry)
    read_trail(small.vault, small.caller(town.SUPERVISOR), DENIED, now=datetime.now(UTC))
    small.settle()
    with capture_logs() as lines:
        assert adl.run(now=NOW) == 6
        assert ldv.run(now=NOW) > 0
    assert {line["event"] for line in lines if line["log_level"] == "error"} == {"export.entry-broken"}
    with small.vault.database.reading() as session:
        assert place(session, "adl") == place(session, "ldv") == len(entries(small))
