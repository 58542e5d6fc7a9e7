"""What proves who speaks is compared in constant time: `hmac.compare_digest`, never `==`."""

import ast
import re

import pytest

from tests.house.sources import python, tree

PROOF = re.compile(r"(^|_)(signature|signatures|hmac|mac|hexdigest|token_hash|secret)$")
# A name that only says `digest` may be of anything public; what `.digest()` just made, beside a given one, is a proof.
MADE = {"digest", "hexdigest"}
PUBLIC = {
    "apps/connectors/shipengine/webhook.py": "whether base64 is written the one way; the proof itself is the library's",
}


def _compared(module: ast.Module) -> list[int]:
    """Lines where a proof is compared by `==` or `!=`."""
    return [
        node.lineno
        for node in ast.walk(module)
        if isinstance(node, ast.Compare) and any(isinstance(op, ast.Eq | ast.NotEq) for op in node.ops)
        if any(_is_proof(side) for side in (node.left, *node.comparators))
        # With a word that stands in the text nothing is proved: `x == ""`.
        if not any(isinstance(side, ast.Constant) for side in (node.left, *node.comparators))
    ]


def _is_proof(side: ast.expr) -> bool:
    if isinstance(side, ast.Call):
        return (isinstance(side.func, ast.Attribute) and side.func.attr in MADE) or _is_proof(side.func)
    name = side.id if isinstance(side, ast.Name) else side.attr if isinstance(side, ast.Attribute) else ""
    return bool(PROOF.search(name))


def test_proofs_are_compared_in_constant_time():
    found = {path: lines for path in python("apps") if path not in PUBLIC and (lines := _compared(tree(path)))}

    assert found == {}


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("signature == given", 1), ("given != mac.hexdigest()", 1), ("settings.webhook_secret == x", 1),
        ("hmac.compare_digest(signature, given)", 0), ("signature == ''", 0), ("status == given", 0),
    ],
)  # fmt: skip
def test_a_hasty_comparison_would_be_seen(text, count):
    assert len(_compared(ast.parse(text))) == count
