"""The trail to work with: how entries of the log are found, read, told and handed over.

`terms` derives by what an entry is found, `indexer` writes that down behind the log, `questions` and
`choosing` turn filters into numbers of entries, `reading` shows them and enters who looked.
"""

from vault.trail.questions import NothingToFind, Question
from vault.trail.reading import Line, Page, read

__all__ = ["Line", "NothingToFind", "Page", "Question", "read"]
