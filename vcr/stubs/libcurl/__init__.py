"""What the stubs of pycurl and curl_cffi share, because both clients drive libcurl. It must not know either of the two.

- ``abi``: the numbers of libcurl's options, infos and errors
- ``errors``: libcurl's errors, and the failures that stand for them in a cassette
- ``handle``: the options that an easy handle was given
- ``request``: the request that these options make
- ``redirects``: the request that libcurl makes after a redirect
- ``transfer``: one ``perform``: a request, and the requests that redirects lead to
- ``live``: a transfer that goes to the server; it is recorded
- ``replay``: a transfer that is answered from the cassette
- ``decoding``: the body as libcurl decodes it
- ``info``: what ``getinfo`` returns after a replay
- ``lines``: the lines of a head, and the lines of libcurl's cookie file
"""
