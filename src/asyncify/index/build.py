"""All files of a project -> Summaries, from the cache where the content is known."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor

from asyncify.garbage import collector_paused
from asyncify.index.cache import Cache
from asyncify.index.meaning import meaning
from asyncify.index.parse import summarise
from asyncify.index.summary import ParseFault, Summaries, Summary
from asyncify.project import Project, Source

CHUNK = 8
WORTH_KEEPING = 100  # where fewer than one file in so many changed, parsing it again costs less than writing all


def summarise_project(project: Project, cache: bool = True, jobs: int = 1) -> Summaries:
    """Summaries of all sources, sorted by path.

    With `cache` files whose content was seen before are not parsed again; with `jobs` above 1 the others are parsed
    in that many processes. The result is the same either way.
    """
    store = Cache(project.root) if cache else None
    known = store.load() if store else {}
    digests = [source.digest for source in project.sources] if store else [""] * len(project.sources)
    results: list[tuple[bytes, Summary | ParseFault] | None] = []
    missing: list[int] = []
    for index, (source, digest) in enumerate(zip(project.sources, digests, strict=True)):
        found = known.get(source.path)
        results.append(found[1:] if found is not None and found[0] == digest else None)
        if results[-1] is None:
            missing.append(index)
    for index, result in zip(missing, _parse([project.sources[i] for i in missing], jobs), strict=True):
        results[index] = (meaning(result) if store and isinstance(result, Summary) else b"", result)
    if store and (len(missing) * WORTH_KEEPING > len(results) or len(known) != len(results)):
        store.save({r[1].path: (d, *r) for d, r in zip(digests, results, strict=True) if r is not None})
    ordered = sorted((result for result in results if result is not None), key=lambda result: result[1].path)
    return Summaries(
        tuple(result for _, result in ordered if isinstance(result, Summary)),
        tuple(result for _, result in ordered if isinstance(result, ParseFault)),
        project.package,
        tuple(means for means, result in ordered if isinstance(result, Summary)) if store else (),
    )


def _parse(sources: list[Source], jobs: int) -> list[Summary | ParseFault]:
    if jobs <= 1 or len(sources) <= CHUNK:
        with collector_paused():
            return [summarise(source) for source in sources]
    with ProcessPoolExecutor(jobs) as pool:
        return list(pool.map(summarise, sources, chunksize=CHUNK))
