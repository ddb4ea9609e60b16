"""The figures of this software beside those of its peers, measured in one run: ``python -m bench``."""
