"""The doors for docks: takes recordings, checks them, seals them, stores them. Cannot open what is kept."""
