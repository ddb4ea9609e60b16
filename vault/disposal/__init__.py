"""Disposal (vernietiging): what is due goes, key first, and a certificate remains."""
