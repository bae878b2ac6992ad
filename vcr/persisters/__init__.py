"""Where cassettes are kept. A persister has ``load_cassette(path, serializer)`` and
``save_cassette(path, cassette_dict, serializer)``.
"""
