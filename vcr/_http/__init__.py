"""Bytes and names of HTTP: the wire, codings, bodies, multipart, failures. It opens no socket, knows no client."""
