"""Keeps secrets out of what is stored: the rules that find them, and what stands in their place.

It must not know a cassette, a file or a client.
"""
