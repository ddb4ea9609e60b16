"""Programs that nobody here wrote, and what little is needed to run them over what we publish."""
