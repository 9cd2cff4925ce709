"""The study as an RO-Crate: ro-crate-metadata.json, what every file is and by what it was made.

RO-Crate 1.2 (https://w3id.org/ro/crate/1.2), an attached package; runs of steps are described as
the profile Process Run Crate does it. Dates never reach results, so `datePublished`, which the
specification requires, is there if the authors give it (`publication.date`), and so is the address
of the code.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from gfce import __version__
from gfce.report.describing import DATAPACKAGE, described
from gfce.report.reviewer.crate_files import NOT_LISTED, CrateFile, folders, listed_files
from gfce.report.reviewer.packed_study import PackedStudy
from gfce.steps import STEPS

SPECIFICATION = "https://w3id.org/ro/crate/1.2"
DESCRIPTOR = "ro-crate-metadata.json"
SOFTWARE = "#gfce"
LICENCE = "https://spdx.org/licenses/Apache-2.0"
NO_LICENCE = "Not given by the authors: ask them before you use the results."
TIMES = " It holds times: no checksum."
Entity = dict[str, Any]


def crate(study: PackedStudy, pack: Mapping[str, str]) -> Entity:
    """The content of ro-crate-metadata.json; no date but the authors', no path, no patient.

    Args:
        study: the study.
        pack: texts that the pack has written, by their paths within its folder.
    """
    files = [*listed_files(study), *(_of_text(name, text) for name, text in pack.items())]
    files.sort(key=lambda file: file.path)
    parts = [
        *(_file(file, study) for file in files),
        *(_folder(*folder) for folder in folders(study)),
    ]
    actions = _actions(files, study)
    graph = [_descriptor(), _root(study, parts, actions), *parts, *actions, *_context(study)]
    return {"@context": f"{SPECIFICATION}/context", "@graph": graph}


def _references(entities: Iterable[Entity]) -> list[Entity]:
    return [{"@id": entity["@id"]} for entity in entities]


def _descriptor() -> Entity:
    return {
        "@id": DESCRIPTOR,
        "@type": "CreativeWork",
        "name": "Description of the study's results",
        "about": {"@id": "./"},
        "conformsTo": {"@id": SPECIFICATION},
    }


def _root(study: PackedStudy, parts: list[Entity], actions: list[Entity]) -> Entity:
    published = study.config.publication
    simulated = " The patients are simulated." if study.config.simulation else ""
    root = {
        "@id": "./",
        "@type": "Dataset",
        "name": f"Results of the study {study.config.study}",
        "description": (
            "A multi-institution study of synthetic contrast-enhanced MRI: models, their scores, "
            f"tables, tests and figures, made by gfce {__version__}.{simulated} Tables with a row "
            "a patient hold ids, pages and figures images of patients."
        ),
        "license": _licence(published.license),
        "hasPart": _references(parts),
        "mentions": _references(actions),
    }
    return root | ({"datePublished": published.date} if published.date else {})


def _licence(given: str | None) -> Entity | str:
    if given and given.startswith(("http://", "https://")):
        return {"@id": given}
    return given or NO_LICENCE


def _of_text(name: str, text: str) -> CrateFile:
    content = text.encode()
    digest = hashlib.sha256(content).hexdigest()
    return CrateFile(f"reviewer/{name}", "pack", digest, len(content))


def _file(file: CrateFile, study: PackedStudy) -> Entity:
    title, description = described(study.config, file.path)
    entity: Entity = {
        "@id": quote(file.path, safe="/+"),
        "@type": "File",
        "name": title,
        "description": f"{description}{'' if file.sha256 else TIMES}",
        "encodingFormat": file.encoding,
    }
    if file.sha256:
        entity |= {"contentSize": str(file.size), "sha256": file.sha256}
    if file.is_described and DATAPACKAGE in study.files:
        entity["subjectOf"] = {"@id": DATAPACKAGE}
    return entity


def without_checksums(text: str) -> str:
    """The crate's text without sizes and checksums of files."""
    return re.sub(r'"(contentSize|sha256)": "[^"]*"', r'"\1": ""', text)


def _folder(path: str, description: str) -> Entity:
    return {"@id": path, "@type": "Dataset", "name": path, "description": description}


def _actions(files: list[CrateFile], study: PackedStudy) -> list[Entity]:
    """A run of gfce for each step, with what came of it."""
    results: dict[str, list[Entity]] = {name: [] for name in STEPS}
    for file in files:
        if file.step in results:  # and not from another hospital
            results[file.step].append({"@id": quote(file.path, safe="/+")})
    made = {path for path, _ in folders(study)}
    for name, (path, _) in NOT_LISTED.items():
        results[name] += [{"@id": path}] if path in made else []
    return [_action(name, found) for name, found in results.items() if found]


def _action(name: str, results: list[Entity]) -> Entity:
    step = STEPS[name]
    reads = f" Reads the results of: {', '.join(step.reads)}." if step.reads else ""
    return {
        "@id": f"#{name}",
        "@type": "CreateAction",
        "name": f"gfce {name}",
        "description": f"{step.help}{reads}",
        "instrument": {"@id": SOFTWARE},
        # RO-Crate wants no list of one.
        "result": results if len(results) > 1 else results[0],
    }


def _context(study: PackedStudy) -> list[Entity]:
    """What the others refer to: the software and licences."""
    software: Entity = {
        "@id": SOFTWARE,
        "@type": "SoftwareApplication",
        "name": "gfce",
        "description": "A study harness for the generalizability of synthetic CE-MRI.",
        "version": __version__,
        "license": {"@id": LICENCE},
    }
    if address := study.config.publication.code:
        software["url"] = address
    licence = _licence(study.config.publication.license)
    of_results = [licence["@id"]] if isinstance(licence, dict) else []
    addresses = dict.fromkeys([LICENCE, *of_results])
    return [software, *map(_licence_entity, addresses)]


def _licence_entity(address: str) -> Entity:
    name = "Apache License 2.0" if address == LICENCE else address
    return {
        "@id": address,
        "@type": "CreativeWork",
        "name": name,
        "description": f"Licence whose text is at {address}.",
    }
