"""Evidence of a period for an auditor: what the law asks, what this software does for it, and the figures.

Figures count acts, footage and terms, never persons: a works council consented to no measuring of staff (WOR
art. 27 lid 1 onder k en l), and nothing here is by officer, by requester or by decider.
"""
