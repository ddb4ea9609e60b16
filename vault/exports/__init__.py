"""The Dutch records that other systems keep, told from the entries of the log: decisions and processings.

Two streams, of which neither holds a name. The Authorization Decision Log (ADL) gets a record of each
decision, with a pseudonym of who asked; the Logboek Dataverwerkingen (LDV) gets a line of each processing,
with a pseudonym of whom it is about and nothing of who did it. The two meet in (trace id, span id), and with
the trail in its entry. docs/exports.md has the fields.
"""
