"""VCR and its options: each checked, who overrides whom, where cassettes are kept."""

from __future__ import annotations

import os
import re
import warnings
from contextlib import nullcontext
from pathlib import Path

import pytest

import vcr
from vcr import matchers
from vcr._options import DEFAULTS, OPTIONS, OptionArguments
from vcr.cassette import Cassette
from vcr.config import VCR
from vcr.errors import CassetteLoadError, CassetteNotFoundError, VCRWarning
from vcr.persisters.filesystem import FilesystemPersister
from vcr.record_mode import RecordMode
from vcr.request import Request
from vcr.response import Response
from vcr.serializers import jsonserializer, yamlserializer

HERE = Path(__file__).parent


def opened(my_vcr: VCR, path="cassette.yaml", **options) -> Cassette:
    """The cassette that ``use_cassette`` opens."""
    with my_vcr.use_cassette(path, **options) as cassette:
        return cassette


def answer(body: bytes = b"body", **headers) -> dict:
    return Response.of(200, "OK", headers, body).data


# -- every option -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", OPTIONS)
def test_every_option_is_an_attribute_an_argument_and_documented(name):
    option = OPTIONS[name]
    assert option.name == name
    assert option.doc
    assert getattr(VCR(), name, "missing") != "missing"
    assert getattr(VCR(**{name: option.default}), name) == option.default
    assert VCR().get_merged_config(**{name: option.default})[name] == getattr(DEFAULTS, name)


def test_type_checkers_are_told_of_every_option_and_of_no_other():
    assert OptionArguments.__annotations__.keys() - {"before_record"} == OPTIONS.keys()


def test_the_options_of_vcrpy_are_all_there():
    assert set(OPTIONS) >= {
        *("record_mode", "match_on", "additional_matchers", "serializer", "persister", "cassette_library_dir"),
        *("path_transformer", "func_path_generator", "inject_cassette", "record_on_exception", "custom_patches"),
        *("allow_playback_repeats", "drop_unused_requests", "ignore_hosts", "ignore_localhost", "skip_patchers"),
        *("filter_headers", "filter_query_parameters", "filter_post_data_parameters", "decode_compressed_response"),
        *("filter_nested_post_data_parameters", "filter_sensitive_data", "before_record_request"),
        *("before_record_response", "before_save_interaction", "after_load_interaction"),
    }


@pytest.mark.parametrize(
    ("name", "default"),
    [
        ("record_mode", "once"),
        ("match_on", ("method", "scheme", "host", "port", "path", "query")),
        ("serializer", "yaml"),
        ("record_on_exception", True),
        ("inject_cassette", False),
        ("allow_playback_repeats", False),
        ("filter_headers", ()),
        ("before_record_request", None),
        ("cassette_library_dir", None),
    ],
)
def test_the_defaults_are_those_of_vcrpy(name, default):
    assert getattr(VCR(), name) == default


#: Values that cannot work: those that VCR.py refuses when a cassette is opened, or at its first request.
WRONG = [
    ("record_mode", "never", ValueError, "'never' is not a valid record_mode. Valid: all, any, new_episodes"),
    ("record_mode", "Once", ValueError, "'Once' is not a valid record_mode. Did you mean 'once'?"),
    ("record_mode", None, ValueError, "None is not a valid record_mode"),
    ("skip_patchers", ["url3"], ValueError, "Unknown patcher 'url3'. Did you mean 'urllib3'"),
    ("before_record_request", 7, TypeError, "expected functions, got 7"),
    ("before_record_request", "my_hook", TypeError, "expected functions"),
    ("before_record_request", [None], TypeError, "expected functions, got None"),
    ("before_record_response", "my_hook", TypeError, "expected functions"),
    ("before_record", "my_hook", TypeError, "expected functions"),
    ("custom_patches", 7, TypeError, "not iterable"),
    ("custom_patches", [("only", "two")], TypeError, "expected .object, attribute name, replacement."),
    ("filter_query_parameters", [("one", "two", "three")], TypeError, "expected names and"),
    ("filter_sensitive_data", [("one", "two", "three")], TypeError, "expected .placeholder, secret. pairs"),
    ("cassette_library_dir", 7, TypeError, "expected str"),
    ("serializer", 7, TypeError, "expected something with serialize and deserialize, got 7"),
    ("persister", 7, TypeError, "expected something with load_cassette and save_cassette, got 7"),
]

#: Values that mean something other than they look like, or nothing: VCR.py lets them pass.
PASSES = [
    ("match_on", "uri", ("uri",), None),
    ("match_on", {"uri"}, ("uri",), None),
    ("match_on", {"uri": True}, ("uri",), None),
    ("match_on", None, ("method", "scheme", "host", "port", "path", "query"), None),
    ("additional_matchers", "body", ("body",), None),
    ("additional_matchers", None, (), None),
    ("filter_headers", "Authorization", ("Authorization",), None),
    ("filter_headers", {"Authorization"}, ("Authorization",), None),
    ("filter_headers", {"Authorization": "X"}, (("Authorization", "X"),), None),
    ("filter_headers", [b"Authorization"], ("Authorization",), None),
    ("filter_headers", None, (), None),
    ("filter_headers", [7, "A"], ("A",), "filter_headers: expected names and .* pairs; 7 has no effect"),
    ("filter_query_parameters", [None], (), "filter_query_parameters: expected names and .*; None has no effect"),
    ("filter_post_data_parameters", "key", ("key",), None),
    ("filter_sensitive_data", None, (), None),
    ("ignore_hosts", "example.com", ("example.com",), None),
    ("ignore_hosts", None, (), None),
    ("ignore_hosts", [7, None, "a"], ("a",), "ignore_hosts: expected host names and .*; 7, None has no effect"),
    ("ignore_hosts", iter([7, "a"]), ("a",), "ignore_hosts: expected host names and .*; 7 has no effect"),
    ("skip_patchers", "httpx", ("httpx",), None),
    ("skip_patchers", None, (), None),
    ("custom_patches", None, (), None),
    ("path_transformer", "suffix", None, "path_transformer: expected a function or None; 'suffix' has no effect"),
    ("func_path_generator", 7, None, "func_path_generator: expected a function or None; 7 has no effect"),
    ("path_transformer", "", None, None),
    ("allow_playback_repeats", "yes", True, "allow_playback_repeats: 'yes' means True"),
    ("allow_playback_repeats", "", False, None),
    ("drop_unused_requests", "yes", True, None),
    ("serializer", None, "yaml", None),
    ("persister", None, FilesystemPersister, None),
]


@pytest.mark.parametrize(("name", "value", "error", "message"), WRONG)
def test_a_wrong_value_is_an_error_that_names_the_option_when_a_cassette_is_opened(name, value, error, message):
    opening = VCR().use_cassette("cassette.yaml", **{name: value})  # a decorator's module can be imported

    @VCR().use_cassette("cassette.yaml", **{name: value})
    def function(): ...

    my_vcr = VCR()
    setattr(my_vcr, name, value)
    for use in (opening.__enter__, function, lambda: opened(my_vcr)):
        with pytest.raises(error, match=f"^{name}.*: .*{message}"):
            use()
    assert not Path("cassette.yaml").exists()


@pytest.mark.parametrize(("name", "value", "error", "message"), WRONG)
def test_a_vcr_judges_record_mode_and_skip_patchers_at_once_as_vcrpy_does(name, value, error, message):
    if name in ("record_mode", "skip_patchers"):
        with pytest.raises(error, match=f"^{name}: {message}"):
            VCR(**{name: value})
    else:
        VCR(**{name: value})


@pytest.mark.parametrize(("name", "value", "meant", "warning"), PASSES)
def test_what_vcrpy_lets_pass_is_taken_as_it_is_meant(name, value, meant, warning):
    with pytest.warns(VCRWarning, match=warning) if warning else nullcontext():
        merged = VCR().get_merged_config(**{name: value})
    assert merged[name] == meant
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        opened(VCR(), **{name: value})
        opened(VCR(**{name: value}))


MISSPELLED = [("record_modes", "record_mode"), ("filter_header", "filter_headers"), ("match_ons", "match_on")]


@pytest.mark.parametrize(("misspelled", "meant"), MISSPELLED)
def test_an_unknown_option_of_a_vcr_is_an_error_with_the_nearest_spelling(misspelled, meant):
    with pytest.raises(TypeError, match=f"Unknown option '{misspelled}'. Did you mean '{meant}'. The README lists"):
        VCR(**{misspelled: ()})


@pytest.mark.parametrize(("misspelled", "meant"), MISSPELLED)
def test_an_unknown_option_of_use_cassette_warns_with_the_nearest_spelling(misspelled, meant):
    opening = VCR().use_cassette("cassette.yaml", **{misspelled: ()})
    message = f"Unknown option '{misspelled}'. Did you mean '{meant}'. The README lists .* It has no effect"
    with pytest.warns(VCRWarning, match=message) as caught, opening:
        pass
    assert caught[0].filename == __file__


@pytest.mark.parametrize(("misspelled", "meant"), MISSPELLED)
def test_an_attribute_that_is_no_option_is_noticed(misspelled, meant):
    my_vcr = VCR()
    with pytest.raises(AttributeError, match=f"VCR has no attribute '{misspelled}'. Did you mean '{meant}'"):
        getattr(my_vcr, misspelled)
    with pytest.warns(VCRWarning, match=f"Unknown option '{misspelled}'. Did you mean '{meant}'.* It has no effect"):
        setattr(my_vcr, misspelled, ())


def test_a_subclass_may_have_attributes_of_its_own():
    class Recorder(VCR):
        mode = "fast"

        def __init__(self):
            super().__init__()
            self.mode = "slow"
            self.service = "weather"
            self._record_mode = "none"

    assert Recorder().service == "weather"


def test_names_are_looked_up_when_a_cassette_is_opened_since_they_may_be_registered_until_then():
    my_vcr = VCR(match_on=["own"], serializer="own")
    my_vcr.register_matcher("own", lambda r1, r2: True)
    my_vcr.register_serializer("own", yamlserializer)
    assert len(opened(my_vcr)) == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"match_on": ["metod"]},
            "Unknown matcher 'metod'. Did you mean 'method'. Valid: body, digest-auth, form-urlenc",
        ),
        ({"additional_matchers": ["bdy"]}, "Unknown matcher 'bdy'. Did you mean 'body'"),
        ({"serializer": "yml"}, "Unknown serializer 'yml'. Did you mean 'yaml'. Valid: .*json"),
    ],
)
def test_an_unknown_name_is_a_key_error_with_the_nearest_spelling(options, message):
    with pytest.raises(KeyError) as caught:
        opened(VCR(**options))
    assert re.search(message, str(caught.value))


def test_an_unknown_record_mode_names_the_nearest():
    with pytest.raises(ValueError, match="Did you mean 'new_episodes'"):
        VCR(record_mode="new_episode")


def test_before_record_is_another_name_for_before_record_request():
    def hook(request):
        return None

    assert VCR(before_record=hook).before_record_request is hook
    assert VCR().get_merged_config(before_record=hook)["before_record_request"] == (hook,)
    my_vcr = VCR()
    my_vcr.before_record = hook
    assert opened(my_vcr).filter_request(Request("GET", "http://h/")) is None


# -- who overrides whom -----------------------------------------------------------------------------------------------


def test_an_argument_overrides_the_instance_which_overrides_the_default():
    my_vcr = VCR(record_mode="all")
    assert opened(VCR()).record_mode == "once"
    assert opened(my_vcr).record_mode == "all"
    assert opened(my_vcr, record_mode="none").record_mode == "none"
    assert opened(my_vcr).record_mode == "all"


def test_an_argument_replaces_a_list_of_the_instance_whole():
    merged = VCR(filter_headers=["A"]).get_merged_config(filter_headers=["B"])
    assert merged["filter_headers"] == ("B",)


def test_additional_matchers_are_added():
    my_vcr = VCR(match_on=["method"], additional_matchers=["body"])
    cassette = opened(my_vcr, record_mode="new_episodes")
    request = Request("POST", "http://h/", b"one")
    cassette.append(request, answer())
    assert request in cassette
    assert Request("POST", "http://other/", b"one") in cassette
    assert Request("POST", "http://h/", b"two") not in cassette


def test_what_is_set_on_the_instance_after_decorating_counts():
    my_vcr = VCR()
    modes = []

    @my_vcr.use_cassette("cassette.yaml", inject_cassette=True)
    def function(cassette):
        modes.append(cassette.record_mode)

    function()
    my_vcr.record_mode = "none"
    function()
    assert modes == ["once", "none"]


def test_with_current_defaults_takes_the_instance_as_it_is_now():
    my_vcr = VCR(record_mode="all")
    context = my_vcr.use_cassette("cassette.yaml", with_current_defaults=True)
    my_vcr.record_mode = "none"
    with context as cassette:
        assert cassette.record_mode == "all"


def test_a_list_that_is_changed_after_it_was_passed_counts_as_it_is_when_a_cassette_is_opened():
    headers = ["A"]
    my_vcr = VCR(filter_headers=headers)
    headers.append("B")
    assert my_vcr.get_merged_config()["filter_headers"] == ("A", "B")


def test_custom_patches_of_a_vcr_and_of_use_cassette_are_added_up():
    class Module:
        one, two = "real", "real"

    my_vcr = VCR(custom_patches=[(Module, "one", "stub")])
    with my_vcr.use_cassette("cassette.yaml", custom_patches=[(Module, "two", "stub")]):
        assert (Module.one, Module.two) == ("stub", "stub")
    assert (Module.one, Module.two) == ("real", "real")


def test_instances_share_nothing():
    one, other = VCR(), VCR()
    one.register_matcher("own", lambda r1, r2: True)
    one.register_serializer("own", yamlserializer)
    one.matchers["method"] = lambda r1, r2: True
    assert "own" not in other.matchers
    assert "own" not in other.serializers
    assert other.matchers["method"] is matchers.method


def test_vcr_use_cassette_is_that_of_the_default_vcr():
    assert vcr.use_cassette == vcr.default_vcr.use_cassette
    assert isinstance(vcr.default_vcr, VCR)


# -- matchers, serializers, persisters --------------------------------------------------------------------------------


def test_a_registered_matcher_is_used():
    def same_first_letter(r1, r2):
        return r1.path[1] == r2.path[1]

    my_vcr = VCR(match_on=["first letter"])
    my_vcr.register_matcher("first letter", same_first_letter)
    cassette = opened(my_vcr)
    cassette.append(Request("GET", "http://h/abc"), answer())
    assert Request("GET", "http://h/axy") in cassette
    assert Request("GET", "http://h/xyz") not in cassette


@pytest.mark.parametrize("replace", [VCR.register_matcher, lambda my_vcr, *pair: my_vcr.matchers.update([pair])])
def test_a_built_in_matcher_can_be_replaced(replace):
    my_vcr = VCR(match_on=["method"])
    replace(my_vcr, "method", lambda r1, r2: True)
    cassette = opened(my_vcr)
    cassette.append(Request("GET", "http://h/"), answer())
    assert Request("PUT", "http://h/") in cassette


def test_match_on_takes_functions_as_well_as_names():
    cassette = opened(VCR(match_on=["method", matchers.path, lambda r1, r2: r1.body == r2.body]))
    cassette.append(Request("GET", "http://h/a", b"x"), answer())
    assert Request("GET", "http://i/a", b"x") in cassette
    assert Request("GET", "http://i/a", b"y") not in cassette
    assert Request("GET", "http://i/b", b"x") not in cassette


class Upper:
    """A user's serializer."""

    @staticmethod
    def serialize(cassette_dict):
        return jsonserializer.serialize(cassette_dict).upper()

    @staticmethod
    def deserialize(cassette_string):
        return jsonserializer.deserialize(cassette_string.lower())


@pytest.mark.parametrize(
    ("serializer", "begins"),
    [("yaml", "interactions:"), ("json", "{"), ("upper", '{\n    "VERSION"'), (Upper, "{\n")],
)
def test_the_serializer_is_chosen_by_name_or_given(serializer, begins, tmp_path):
    my_vcr = VCR(serializer=serializer)
    my_vcr.register_serializer("upper", Upper)
    with my_vcr.use_cassette("cassette") as cassette:
        cassette.append(Request("GET", "http://h/"), answer(b"text"))
    assert (tmp_path / "cassette").read_text(encoding="utf-8").startswith(begins)
    assert opened(my_vcr, "cassette").responses[0]["body"]["string"] == b"text"


def test_a_built_in_serializer_can_be_replaced(tmp_path):
    my_vcr = VCR()
    my_vcr.register_serializer("yaml", Upper)
    with my_vcr.use_cassette("cassette") as cassette:
        cassette.append(Request("GET", "http://h/"), answer())
    assert "INTERACTIONS" in (tmp_path / "cassette").read_text(encoding="utf-8")


class Shelf(dict):
    """A user's persister: a dictionary, which is empty, and so false, at first."""

    def load_cassette(self, cassette_path, serializer):
        if cassette_path not in self:
            raise CassetteNotFoundError(cassette_path)
        return self[cassette_path]

    def save_cassette(self, cassette_path, cassette_dict, serializer):
        self[cassette_path] = (cassette_dict["requests"], cassette_dict["responses"])


def registered(shelf: Shelf) -> VCR:
    my_vcr = VCR()
    my_vcr.register_persister(shelf)
    return my_vcr


def assigned(shelf: Shelf) -> VCR:
    my_vcr = VCR()
    my_vcr.persister = shelf
    return my_vcr


@pytest.mark.parametrize("configure", [registered, assigned, lambda shelf: VCR(persister=shelf)])
def test_a_persister_of_ones_own_is_used_instead_of_files(configure, tmp_path):
    shelf = Shelf()
    my_vcr = configure(shelf)
    with my_vcr.use_cassette("tape") as cassette:
        cassette.append(Request("GET", "http://h/"), answer())
    assert list(shelf) == ["tape"]
    assert len(opened(my_vcr, "tape")) == 1
    assert os.listdir(tmp_path) == []


def test_a_persister_can_be_chosen_for_one_cassette(tmp_path):
    shelf = Shelf()
    with VCR().use_cassette("tape", persister=shelf) as cassette:
        cassette.append(Request("GET", "http://h/"), answer())
    assert list(shelf) == ["tape"]
    assert os.listdir(tmp_path) == []


def test_files_are_the_default():
    assert VCR().persister is FilesystemPersister


# -- filters and hooks ------------------------------------------------------------------------------------------------


def kept(request: Request, **options) -> Request | None:
    """What a cassette with these options keeps of a request."""
    return opened(VCR(), **options).filter_request(request)


def test_the_filters_of_requests():
    request = Request("POST", "http://h/?key=1&a=2", b"password=1&b=2", {"Token": "1", "X": "2"})
    filtered = kept(
        request,
        filter_headers=["token"],
        filter_query_parameters=[("key", "KEY")],
        filter_post_data_parameters=[("password", lambda key, value, request: value * 3)],
    )
    assert filtered.headers == {"X": "2"}
    assert filtered.uri == "http://h/?a=2&key=KEY"
    assert filtered.body == b"password=111&b=2"
    assert request.headers == {"Token": "1", "X": "2"}


@pytest.mark.parametrize(
    ("options", "ignored"),
    [
        ({}, []),
        ({"ignore_localhost": True}, ["http://localhost/", "http://127.0.0.1:8000/"]),
        ({"ignore_hosts": ["api.example"]}, ["http://api.example/"]),
        ({"ignore_hosts": [re.compile(".*example")]}, ["http://api.example/"]),
        (
            {"ignore_hosts": ["api.example"], "ignore_localhost": True},
            ["http://localhost/", "http://127.0.0.1:8000/", "http://api.example/"],
        ),
    ],
)
def test_hosts_that_are_ignored(options, ignored):
    uris = ["http://localhost/", "http://127.0.0.1:8000/", "http://api.example/", "http://other/"]
    assert [uri for uri in uris if kept(Request("GET", uri), **options) is None] == ignored


def test_hooks_come_after_the_filters_in_their_order():
    seen = []

    def first(request):
        seen.append(request.uri)
        request.uri += "&first"
        return request

    def second(request):
        seen.append(request.uri)
        return request

    kept(Request("GET", "http://h/?key=1&a=1"), filter_query_parameters=["key"], before_record_request=[first, second])
    assert seen == ["http://h/?a=1", "http://h/?a=1&first"]


def test_what_a_filter_drops_no_hook_sees():
    seen = []
    request = Request("GET", "http://api.example/")
    assert kept(request, ignore_hosts=["api.example"], before_record_request=seen.append) is None
    assert seen == []


class Hooks:
    def method(self, request):
        return None


@pytest.mark.parametrize(
    "hook", [lambda request: None, Hooks().method, [lambda request: None], (lambda r: r, lambda r: None)]
)
def test_a_hook_may_be_any_callable_or_several(hook):
    assert kept(Request("GET", "http://h/"), before_record_request=hook) is None


def test_response_hooks_see_decoded_bodies():
    import gzip

    seen = []

    def hook(response):
        seen.append(response["body"]["string"])
        return response

    cassette = opened(VCR(decode_compressed_response=True, before_record_response=hook))
    cassette.append(Request("GET", "http://h/"), answer(gzip.compress(b"text"), **{"Content-Encoding": "gzip"}))
    assert seen == [b"text"]
    assert "Content-Encoding" not in cassette.responses[0]["headers"]


# -- where cassettes are kept -----------------------------------------------------------------------------------------


def path_of(path, **options) -> str:
    return opened(VCR(**options), path).path


@pytest.mark.parametrize("path", ["cassette.yaml", "sub/cassette", Path("sub") / "cassette.yaml"])
def test_a_path_is_taken_as_it_is(path):
    assert path_of(path) == os.fspath(path)


def test_a_library_is_where_relative_paths_start():
    assert path_of("a.yaml", cassette_library_dir="library") == os.path.join("library", "a.yaml")
    assert path_of("a.yaml", cassette_library_dir=Path("library")) == os.path.join("library", "a.yaml")


@pytest.mark.parametrize("path", ["library/a.yaml", "./library/a.yaml", "library/sub/a.yaml"])
def test_a_path_that_is_in_the_library_already_is_taken_as_it_is(path):
    assert path_of(path, cassette_library_dir="library") == path


def test_a_path_that_only_begins_like_the_library_is_not_in_it():
    assert path_of("library-2/a.yaml", cassette_library_dir="library") == os.path.join("library", "library-2/a.yaml")


def test_an_absolute_path_stays(tmp_path):
    assert path_of(tmp_path / "a.yaml", cassette_library_dir="library") == str(tmp_path / "a.yaml")


def test_the_transformer_comes_before_the_library():
    given = []

    def transform(path):
        given.append(path)
        return f"transformed-{path}"

    path = path_of("a", cassette_library_dir="library", path_transformer=transform)
    assert given == ["a"]
    assert path == os.path.join("library", "transformed-a")


def test_ensure_suffix_appends_what_is_missing():
    ensure = VCR.ensure_suffix(".yaml")
    assert ensure("a") == ensure("a.yaml") == "a.yaml"
    assert path_of("a", path_transformer=VCR.ensure_suffix(".yaml")) == "a.yaml"
    assert path_of(Path("a"), path_transformer=VCR.ensure_suffix(".yaml")) == "a.yaml"


def path_in(decorator) -> str:
    """The path of the cassette that a decorated function runs in."""

    @decorator
    def some_function(cassette):
        return cassette.path

    return some_function()


@pytest.mark.parametrize("bare", [True, False], ids=["bare", "called"])
def test_without_a_path_a_cassette_is_named_after_the_function_beside_its_module(bare):
    my_vcr = VCR(inject_cassette=True)
    decorator = my_vcr.use_cassette if bare else my_vcr.use_cassette()
    assert path_in(decorator) == str(HERE / "some_function")


def test_without_a_path_but_with_a_library_it_is_in_the_library():
    my_vcr = VCR(inject_cassette=True, cassette_library_dir="library")
    assert path_in(my_vcr.use_cassette) == os.path.join("library", "some_function")


def test_a_generated_name_goes_through_the_transformer():
    my_vcr = VCR(inject_cassette=True, path_transformer=VCR.ensure_suffix(".yaml"))
    assert path_in(my_vcr.use_cassette) == str(HERE / "some_function.yaml")


def test_a_generator_of_ones_own_names_cassettes_after_functions():
    my_vcr = VCR(inject_cassette=True, func_path_generator=lambda function: f"{function.__name__}.own")
    assert path_in(my_vcr.use_cassette) == "some_function.own"
    my_vcr.cassette_library_dir = "library"
    assert path_in(my_vcr.use_cassette) == os.path.join("library", "some_function.own")


def test_a_path_goes_before_a_generator():
    my_vcr = VCR(inject_cassette=True, func_path_generator=lambda function: "generated")
    assert path_in(my_vcr.use_cassette("given")) == "given"


@pytest.mark.parametrize("context", [vcr.use_cassette(), VCR().use_cassette(record_mode="none")])
def test_a_block_needs_a_path(context):
    with pytest.raises(TypeError, match="needs a path"), context:
        pytest.fail("the block must not run")


@pytest.mark.parametrize(
    ("path", "error", "said"),
    [
        (b"a.yaml", TypeError, "expected the path of a cassette as text or as a path object, got b'a.yaml'"),
        ("", CassetteLoadError, "its path is an empty text"),
    ],
)
def test_a_path_that_cannot_be_saved_is_an_error_before_anything_is_recorded(path, error, said, tmp_path):
    with pytest.raises(error, match=said), vcr.use_cassette(path):
        pytest.fail("the block must not run")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("mode", [*RecordMode, *(mode.value for mode in RecordMode)])
def test_a_mode_may_be_given_as_a_member_or_a_string(mode):
    assert opened(VCR(record_mode=mode)).record_mode is RecordMode(mode)
