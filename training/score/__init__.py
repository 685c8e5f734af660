"""Scores of the embedded models, one file a score: `python -m training.score` prints them all."""
