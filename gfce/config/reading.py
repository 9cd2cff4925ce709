"""Reading a configuration: a strict YAML, and mistakes in one line."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import ValidationError

from gfce.config.explaining import explain
from gfce.config.section import Section
from gfce.config.sections import StudyConfig
from gfce.errors import UserError, one_line

S = TypeVar("S", bound=Section)

MAX_BYTES = 1_000_000
MAX_DEPTH = 20
UMASKS = {"group": 0o027, "owner": 0o077}
"""What `readable_by` takes from new files."""
_TAG = "tag:yaml.org,2002:"
_FLOAT = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)[eE][-+]?\d+")
_DECIMAL = re.compile(
    r"[-+]?((0|[1-9]\d*)(\.\d*)?|\.\d+)([eE][-+]?\d+)?|[-+]?\.(inf|nan)", re.IGNORECASE
)


def load_config(path: Path) -> StudyConfig:
    """Read and check a configuration file.

    From then on this process, and what it starts, writes files as `readable_by` says: here, because
    nothing of a study is written before its configuration is read.

    Raises:
        UserError: the file is missing, is not YAML in UTF-8, has a key twice, an unknown key or an
            impossible value, or uses anchors, tags or merge keys, which are not read.
    """
    config = parse_config(read_yaml(path, str(path), "a config file"), str(path))
    _hide_files(config)
    return config


def _hide_files(config: StudyConfig) -> None:
    """Raise the umask to that of the configuration; never lower it."""
    umask = os.umask(0o077)
    os.umask(umask | UMASKS.get(config.readable_by, 0))


def parse_config(content: Any, source: str) -> StudyConfig:
    """Check a configuration that has been read from `source`.

    Raises:
        UserError: an unknown key or an impossible value, with its place and the mend.
    """
    return checked(StudyConfig, content, source, "config/config.yaml")


def checked(model: type[S], content: Any, source: str, example: str) -> S:
    """What has been read from `source`, as a section.

    Raises:
        UserError: no keys (`example` is where to start from), an unknown key or an impossible
            value, with its place and the mend.
    """
    if not isinstance(content, dict):
        raise UserError(f"{source}: has no keys: start from {example}")
    try:
        return model.model_validate(content)
    except ValidationError as error:
        raise UserError(f"{source}: {explain(error, model)}") from None


def read_yaml(path: Path, source: str, what: str) -> Any:
    """The content of a YAML file, read strictly (`_Loader`).

    Args:
        path: the file.
        source: what messages call it.
        what: the kind of file that is needed, such as "a config file".

    Raises:
        UserError: it cannot be read, is larger than any of its kind, or as `parse_yaml`.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise UserError(f"{source}: {error.strerror}: name {what} that exists") from None
    if len(content) > MAX_BYTES:
        raise UserError(f"{source}: larger than {MAX_BYTES} bytes: name {what}")
    return parse_yaml(content, source)


def parse_yaml(content: bytes, source: str) -> Any:
    """The content of a YAML file, read strictly (`_Loader`).

    Raises:
        UserError: it is not YAML in UTF-8, or uses what is not read; `source` names it.
    """
    try:
        return yaml.load(content.decode("utf-8-sig"), _Loader)
    except UnicodeDecodeError:
        raise UserError(f"{source}: not text in UTF-8: save it as UTF-8") from None
    except yaml.YAMLError as error:
        where = getattr(error, "problem_mark", None)
        line = f" (line {where.line + 1})" if where else ""
        said = (getattr(error, name, None) for name in ("context", "problem", "reason"))
        reason = one_line(" ".join(str(part) for part in said if part), 150)
        raise UserError(f"{source}: not valid YAML{line}: {reason}: correct the file") from None


class _Loader(yaml.SafeLoader):
    """YAML in which a file says what it seems to say.

    A key stands once, nothing stands for something else (no anchors, merge keys or tags), numbers
    are decimal, and a date is text. 1e-3 is a number, as in YAML 1.2.
    """

    depth = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        event: Any = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent) or event.anchor:
            raise _refused("anchors and aliases are not read, write the value out", event)
        if getattr(event, "tag", None):
            raise _refused(f"the tag {event.tag} is not read, leave it out", event)
        if self.depth >= MAX_DEPTH:
            raise _refused(f"more than {MAX_DEPTH} levels", event)
        self.depth += 1
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        seen = set()
        for key, _ in node.value:
            if key.tag == _TAG + "merge":
                raise _refused("the merge key << is not read, write the keys out", key)
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    raise _refused(f"the key {key.value} is given twice, keep one", key)
                seen.add(key.value)

    def construct_object(self, node: Any, deep: bool = False) -> Any:
        number = node.tag in (_TAG + "int", _TAG + "float")
        if number and not _DECIMAL.fullmatch(node.value):
            raise _refused(f"write the number {node.value} as 8, 0.5 or 1e-3", node)
        try:
            return super().construct_object(node, deep)
        except ValueError:  # thousands of digits
            raise _refused("a number that cannot be read", node) from None


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != _TAG + "timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(_TAG + "float", _FLOAT, list("-+.0123456789"))


def _refused(problem: str, where: Any) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=problem, problem_mark=where.start_mark)
