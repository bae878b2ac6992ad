"""The engine: what a cassette holds, and the one decision about each request.

It must not know clients, file formats, or the faces that people use (VCR.py's ``Cassette`` and Betamax's).
"""
