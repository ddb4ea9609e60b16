"""The trail to work with: how entries of the log are found, read, told and handed over.

`terms` derives by what an entry is found, `indexer` writes that down behind the log, `questions` and
`choosing` turn filters into numbers of entries, `reading` shows them and enters who looked, `exporting` hands
over all that a question finds, as `telling` puts it, in a `spreadsheet`.
"""

from vault.trail.exporting import Export, TooMany, export
from vault.trail.questions import NothingToFind, Question
from vault.trail.reading import Line, Page, read

__all__ = ["Export", "Line", "NothingToFind", "Page", "Question", "TooMany", "export", "read"]
