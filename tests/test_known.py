"""Values in bytes of any kind: the example at the head of the module. What users see of it is in test_placeholders."""

from __future__ import annotations

from vcr._http import known
from vcr._placeholders import Placeholder, masking


def test_a_value_is_replaced_inside_base64_inside_json_and_all_is_written_as_it_was():
    values = masking((Placeholder("<TOKEN>", "secret"),))
    text = rb'{"auth": "c2Vjc\u006dV0"}'
    assert known.replaced(text, values) == b'{"auth": "PFRPS0VOPg=="}'
    assert known.may_stand_in(text, values)
    assert known.replaced(b"nothing", values) == b"nothing"
