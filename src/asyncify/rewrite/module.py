"""rewrite: one file and its steps -> its new text. Knows nothing of types; parses the file only here."""

from __future__ import annotations

from dataclasses import dataclass

import libcst as cst
from libcst.metadata import MetadataWrapper

from asyncify.plan.step import FilePlan, Step, SupportModule
from asyncify.project import Source
from asyncify.rewrite.imports import mend_imports
from asyncify.rewrite.spans import Columns
from asyncify.rewrite.transformer import StepsTransformer


@dataclass(frozen=True, slots=True)
class Rewrite:
    """The new text of one file, and the steps whose place could not be found in it (such a file is not written)."""

    path: str
    text: str
    missed: tuple[Step, ...]


def rewrite_file(source: Source, plan: FilePlan, support: SupportModule | None) -> Rewrite:
    """Carry out a file's steps. The text outside the edits is kept as it is, byte for byte."""
    name = support.module.rpartition(".")[2] if support else "_aio"
    transformer = StepsTransformer(plan.steps, Columns(source.text), name)
    tree = cst.parse_module(source.text)
    changed = MetadataWrapper(tree, unsafe_skip_copy=True).visit(transformer)
    changed = mend_imports(changed, source.path, plan.imports, support)
    return Rewrite(source.path, changed.code, tuple(transformer.missed()))
