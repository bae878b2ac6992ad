"""Secrets, planted in every spelling and place, and a search of every byte that is written."""
