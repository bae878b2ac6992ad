"""The numbers of libcurl's options, infos and errors (curl/curl.h). They are an ABI: they never change, and pycurl and
curl_cffi have the same. This file must not know what is done with them.
"""

from __future__ import annotations

from enum import IntEnum


class Opt(IntEnum):
    """The options that say what is sent, or what becomes of the response."""

    POST = 47
    NOBODY = 44
    UPLOAD = 46
    PUT = 54  # the old name of UPLOAD
    HTTPGET = 80
    HEADER = 42
    VERBOSE = 41
    NOPROGRESS = 43
    FAILONERROR = 45
    FOLLOWLOCATION = 52
    MAXREDIRS = 68
    FILETIME = 69
    UNRESTRICTED_AUTH = 105
    HTTPAUTH = 107
    CONNECT_ONLY = 141
    HTTP_CONTENT_DECODING = 158
    POSTREDIR = 161
    INFILESIZE = 14
    RESUME_FROM = 21
    POSTFIELDSIZE = 60
    INFILESIZE_LARGE = 30115
    RESUME_FROM_LARGE = 30116
    POSTFIELDSIZE_LARGE = 30120
    WRITEDATA = 10001
    URL = 10002
    USERPWD = 10005
    RANGE = 10007
    READDATA = 10009
    POSTFIELDS = 10015
    REFERER = 10016
    USERAGENT = 10018
    COOKIE = 10022
    HTTPHEADER = 10023
    HTTPPOST = 10024
    HEADERDATA = 10029
    COOKIEFILE = 10031
    CUSTOMREQUEST = 10036
    COOKIEJAR = 10082
    ACCEPT_ENCODING = 10102
    COOKIELIST = 10135
    COPYPOSTFIELDS = 10165
    SEEKDATA = 10168
    USERNAME = 10173
    PASSWORD = 10174
    MIMEPOST = 10269
    WRITEFUNCTION = 20011
    READFUNCTION = 20012
    PROGRESSFUNCTION = 20056
    HEADERFUNCTION = 20079
    DEBUGFUNCTION = 20094
    SEEKFUNCTION = 20167
    XFERINFOFUNCTION = 20219


class Info(IntEnum):
    """What can be asked about a transfer: the numbers that vcr answers, or leaves to libcurl."""

    EFFECTIVE_URL = 0x100001
    CONTENT_TYPE = 0x100012
    REDIRECT_URL = 0x10001F
    PRIMARY_IP = 0x100020
    LOCAL_IP = 0x100029
    SCHEME = 0x100031
    EFFECTIVE_METHOD = 0x10003A
    REFERER = 0x10003C
    RESPONSE_CODE = 0x200002
    HEADER_SIZE = 0x20000B
    FILETIME = 0x20000E
    REDIRECT_COUNT = 0x200014
    HTTPAUTH_AVAIL = 0x200017
    PROXYAUTH_AVAIL = 0x200018
    OS_ERRNO = 0x200019
    LASTSOCKET = 0x20001D
    PRIMARY_PORT = 0x200028
    HTTP_VERSION = 0x20002E
    TOTAL_TIME = 0x300003
    SIZE_UPLOAD = 0x300007
    SIZE_DOWNLOAD = 0x300008
    CONTENT_LENGTH_DOWNLOAD = 0x30000F
    CONTENT_LENGTH_UPLOAD = 0x300010
    SSL_ENGINES = 0x40001B
    COOKIELIST = 0x40001C
    SIZE_UPLOAD_T = 0x600007
    SIZE_DOWNLOAD_T = 0x600008
    FILETIME_T = 0x60000E
    CONTENT_LENGTH_DOWNLOAD_T = 0x60000F
    CONTENT_LENGTH_UPLOAD_T = 0x600010
    RETRY_AFTER = 0x600039
    SIZE_DELIVERED = 0x600047
    COOKIECHANGES = 0x4003E8  # only curl-impersonate (curl_cffi) has this and the next
    REDIRECT_HISTORY = 0x4003E9


class Code(IntEnum):
    """The errors in which a replay may end."""

    UNSUPPORTED_PROTOCOL = 1
    COULDNT_RESOLVE_HOST = 6
    COULDNT_CONNECT = 7
    WEIRD_SERVER_REPLY = 8
    PARTIAL_FILE = 18
    HTTP_RETURNED_ERROR = 22
    WRITE_ERROR = 23
    OPERATION_TIMEDOUT = 28
    SSL_CONNECT_ERROR = 35
    ABORTED_BY_CALLBACK = 42
    TOO_MANY_REDIRECTS = 47
    GOT_NOTHING = 52
    SEND_ERROR = 55
    RECV_ERROR = 56
    PEER_FAILED_VERIFICATION = 60
    BAD_CONTENT_ENCODING = 61


#: Two of the kinds (CURLINFO_TYPE) of data that a debug callback is given: sent header fields, received bodies.
HEADER_OUT, DATA_IN = 2, 3
#: CURL_WRITEFUNC_PAUSE: what a write callback returns to pause its transfer.
PAUSE = 0x10000001
#: CURL_MAX_WRITE_SIZE: the largest number of bytes that a write callback is given at once.
MAX_WRITE_SIZE = 16384
#: The one status 1xx that is final to libcurl: what follows is another protocol (RFC 9110 §15.2.2).
SWITCHING_PROTOCOLS = 101
#: The bits of CURLOPT_POSTREDIR (CURL_REDIR_POST_301, _302 and _303), by the status of the redirect.
KEEP_POST = {301: 1, 302: 2, 303: 4}
#: Two values of CURLOPT_FOLLOWLOCATION: CURLFOLLOW_OBEYCODE and CURLFOLLOW_FIRSTONLY.
FOLLOW_OBEYCODE, FOLLOW_FIRSTONLY = 2, 3
#: The bits of CURLOPT_HTTPAUTH: CURLAUTH_BASIC, and those of the other schemes.
AUTH_BASIC = 1
AUTH_SCHEMES = {"basic": AUTH_BASIC, "digest": 2, "negotiate": 4, "ntlm": 8, "bearer": 64}
#: CURL_PROGRESSFUNC_CONTINUE: a progress callback returns it so that libcurl calls its own, too.
PROGRESS_CONTINUE = 0x10000001
#: What CURLINFO_HTTP_VERSION returns for each version of HTTP (CURL_HTTP_VERSION_1_0 and so on).
HTTP_VERSIONS = {"1.0": 1, "1.1": 2, "2": 3, "2.0": 3, "3": 30}
