"""``vcr serve``: a cassette as an HTTP server and as a proxy, for clients of any language.

It is made of h11 and sockets. An ASGI server (uvicorn and hypercorn were tried) writes a response anew: without its
reason phrase and its chunks, with fields of the server's own; and it gives a proxy no socket to put TLS on.

One file for each part: ``incoming`` reads requests, ``origins`` says which recorded server one is meant for, the engine
decides, ``answers`` makes the bytes of what is replayed or refused, ``live`` records, ``authority`` makes certificates,
``conversation`` is one connection from beginning to end, ``server`` all of them.
"""
