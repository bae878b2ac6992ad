"""What the stubs of pycurl and curl_cffi share, because both clients drive libcurl. It must not know either of the two.

- ``abi``: the numbers of libcurl's options, infos and errors
- ``errors``: libcurl's errors, and the failures that stand for them in a cassette
- ``handle``: the options that an easy handle was given
- ``request``: the request that these options make
- ``redirects``: where libcurl goes from a redirect, and with what
- ``transfer``: one ``perform``: a request, and those that it is redirected to
- ``live``: a transfer that goes to the server, and is listened to
- ``replay``: a transfer that is answered from the cassette
- ``decoding``: what libcurl makes of a coded body
- ``info``: what ``getinfo`` returns after a replay
- ``lines``: the lines of a head, and those of libcurl's file of cookies
"""
