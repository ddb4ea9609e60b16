"""The vault: footage that is kept, who may see it, and who did."""
