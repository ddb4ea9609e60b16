"""The rules of the house, checked by machine; each says why it exists and what to do instead."""
