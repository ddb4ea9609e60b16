"""The demonstration: a fictional municipality, and the main job from camera to audit trail."""
