"""A module is found by every way to import it."""

from __future__ import annotations

import pytest

from test_colour import colours, names

LIBRARY = "import net\nclass Q:\n    def run(self):\n        return net.get('u')\ndef make():\n    return Q()\n"
IMPORTS = {
    "a package that imports its part, a file that names the part in full": (
        "from . import client\n", "import p.client\ndef f():\n    return p.client.Q().run()\n",
    ),
    "two parts": (
        "from . import client, a\n", "import p.client\nimport p.a\ndef f():\n    return p.client.Q().run()\n",
    ),
    "a part under another name": ("from . import client as c\n", "import p\ndef f():\n    return p.c.Q().run()\n"),
    "a part that may be missing": (
        "try:\n    from . import client\nexcept ImportError:\n    client = None\n",
        "from p import client\ndef f():\n    return client.Q().run()\n",
    ),
    "a star": ("from .client import *\n", "import p\ndef f():\n    return p.make().run()\n"),
    "a function with the name of its file": (
        "from .make import make\n", "from p import make\ndef f():\n    return make().run()\n",
    ),
    "from the package above": ("from . import client\n", "from . import client as c\ndef f():\n    c.Q().run()\n"),
    "within a function": ("", "def f():\n    from .client import make\n    return make().run()\n"),
    "an attribute of a class": (
        "", "from p import client\nclass A:\n    lib = client\n    def f(self):\n        return self.lib.Q().run()\n",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("package", "use"), IMPORTS.values(), ids=list(IMPORTS))
def test_a_module_is_found_by_every_way_to_import_it(package: str, use: str) -> None:
    found = colours({"p/__init__.py": package, "p/client.py": LIBRARY, "p/make.py": LIBRARY, "p/a.py": use})

    assert {"f", "A.f"} & names(found)
