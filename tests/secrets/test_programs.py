"""Realistic programs: what is masked of their exchanges, and what is left for a reason that README.md gives, too."""

from __future__ import annotations

from tests.secrets.planted import leaks
from tests.secrets.programs import programs


def test_a_secret_of_a_program_is_masked_or_left_for_a_reason(server, tmp_path):
    """A reason that is no longer true is an error, too."""
    every = programs()
    planted = [(secret, one.case._replace(what=one.name)) for one in every for secret in one.secrets]
    found = leaks({"sanitize": True}, planted, "http.client", server, tmp_path)
    assert {leak.what for leak in found} == {one.name for one in every if one.left}
    assert {leak.what for leak in found if leak.where in ("log", "refusal")} <= {"a webhook that is known by its path"}
