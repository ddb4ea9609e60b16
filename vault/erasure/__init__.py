"""The trail's own term: what is destroyed of it when that is over, and what stays for ever.

Three things go: *payloads* when the term of their municipality is over; *leaves* when every term is over for
all entries up to them; and the keys of an *epoch* when every term is over for everything in it, so that
nothing of it opens in a backup either. Hashes stay: every proof and every checkpoint of before still
verifies. docs/decisions/erasure.md.
"""
