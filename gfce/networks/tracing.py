"""What a network is made of, found by running it: blocks, their shapes, and what feeds which.

Nothing is said by hand, so that a network of the user's own is drawn as it is. Autograd's graph of
the result says which block's output entered which other block, whatever was done on the way
(pooling, upsampling, concatenation).
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from math import prod
from typing import Any
from unittest.mock import patch

import torch
from torch import Tensor, nn

from gfce.networks.chains import Block

FEWEST_BLOCKS = 4
"""With fewer of them the block with the most weights is opened, if it has blocks within."""
INPUT, NO_MODULE = "input", "no module"
"""Kinds of blocks that are none."""
LARGE = 10**10
"""Multiplications, above which a run would take seconds and much memory."""
Build = Callable[[], nn.Module | None]
Shapes = Mapping[str, tuple[int, ...]]


def trace(build: Build, inputs: Shapes) -> list[Block]:
    """The blocks of a network in the order in which they run, after its inputs.

    A block is a module with weights that is called: a child of the network, or of a child that is
    never called itself (a list) or that holds nearly everything. What is computed between two
    blocks belongs to the latter, with its weights.

    Args:
        build: makes the network, or says that there is none (None: no blocks).
        inputs: the shapes of its arguments by what they are called, (slice, channel, row, column).

    Raises:
        UserError: the network cannot be built, or does not take these inputs.
    """
    network = build()
    if network is None:
        return []
    network.eval()
    if _work(network, inputs) > LARGE:
        try:
            return _trace_shapes(network, inputs)
        except (RuntimeError, NotImplementedError, TypeError, ValueError):
            pass  # it looks at values, or does what torch's meta device cannot
    return _trace(network, inputs)


def _work(network: nn.Module, inputs: Shapes) -> int:
    """About how many multiplications a run takes at most."""
    return _count(network.parameters()) * max(prod(shape) for shape in inputs.values())


def _trace_shapes(network: nn.Module, inputs: Shapes) -> list[Block]:
    """The same without computing anything, on torch's meta device: tensors have shapes alone."""
    # Nothing is cast where nothing is computed, and autocast does not know the device.
    with torch.device("meta"), patch.object(torch, "autocast", lambda *_, **__: nullcontext()):
        return _trace(copy.deepcopy(network).to("meta"), inputs)


def _trace(network: nn.Module, inputs: Shapes) -> list[Block]:
    chosen = _parts("", network)
    while True:
        run = _Run(network, chosen)
        blocks = run.blocks(inputs)
        opened = {name for name in chosen if name not in run.called and _parts(name, chosen[name])}
        if not opened and len(chosen) < FEWEST_BLOCKS:
            opened = _largest_with_parts(chosen)
        if not opened:
            return blocks
        chosen = dict(_opened(chosen, opened))


def _parts(name: str, module: nn.Module) -> dict[str, nn.Module]:
    """The children of a module that have weights of their own kind: no norms or activations."""
    children = ((f"{name}.{key}".lstrip("."), child) for key, child in module.named_children())
    return {key: child for key, child in children if _has_weights(child)}


def _has_weights(module: nn.Module) -> bool:
    return any(parameter.ndim > 1 for parameter in module.parameters())


def _largest_with_parts(chosen: Mapping[str, nn.Module]) -> set[str]:
    """The block to open next: of those with at least two parts, deep down, the largest."""
    inner = [name for name, module in chosen.items() if _branches(name, module)]
    return {max(inner, key=lambda name: _count(chosen[name].parameters()))} if inner else set()


def _branches(name: str, module: nn.Module) -> bool:
    parts = _parts(name, module)
    return len(parts) > 1 or any(_branches(key, part) for key, part in parts.items())


def _opened(chosen: Mapping[str, nn.Module], opened: set[str]) -> Iterator[tuple[str, nn.Module]]:
    for name, module in chosen.items():
        yield from _parts(name, module).items() if name in opened else [(name, module)]


def _count(parameters: Iterable[Tensor]) -> int:
    return sum(parameter.numel() for parameter in parameters)


@dataclass
class _Run:
    """One run of a network, in which every call of a chosen module is noted."""

    network: nn.Module
    chosen: Mapping[str, nn.Module]
    called: dict[str, int] = field(default_factory=dict)
    """How often each module was called."""
    _found: list[Block] = field(default_factory=list)
    _made_by: dict[Any, int] = field(default_factory=dict)
    """The block that each noted step of autograd's graph ended."""
    _counted: set[int] = field(default_factory=set)
    """Weights that belong to a block, so that shared ones are counted once."""

    def blocks(self, inputs: Shapes) -> list[Block]:
        """Run the network."""
        hooks = [
            module.register_forward_hook(self._noting(name)) for name, module in self.chosen.items()
        ]
        try:
            # Shapes alone are wanted: what a backward pass would need is not kept.
            with torch.autograd.graph.saved_tensors_hooks(_nothing, _nothing):
                result = self.network(*(self._input(*item) for item in inputs.items()))
        finally:
            for hook in hooks:
                hook.remove()
        self._note_result(result)
        return self._found

    def _input(self, name: str, shape: tuple[int, ...]) -> Tensor:
        image = torch.zeros(shape, requires_grad=True).clone()  # a step of the graph
        self._add(Block(name, INPUT, shape[1:], 0, ()), [image])
        return image

    def _noting(self, name: str) -> Callable[..., None]:
        def note(module: nn.Module, arguments: Any, result: Any) -> None:
            self.called[name] = times = self.called.get(name, 0) + 1
            shown = f"{name} #{times}" if times > 1 else name
            outputs = [output for output in _tensors(result) if output.grad_fn not in self._made_by]
            if outputs:
                self._add(self._block(shown, _kind(module), outputs), outputs)

        return note

    def _note_result(self, result: Any) -> None:
        """A last block of what the network computes outside its modules, if that changes much."""
        outputs = list(_tensors(result))
        if all(output.grad_fn in self._made_by for output in outputs):
            return
        block = self._block("output", "", outputs)
        before = [self._found[source].shape for source in block.sources]
        if block.parameters or before != [block.shape]:
            self._add(block, outputs)

    def _block(self, name: str, kind: str, outputs: list[Tensor]) -> Block:
        sources, weights = self._behind(outputs)
        own = {id(w): w for w in weights if id(w) not in self._counted}
        self._counted |= own.keys()
        if not kind:
            name, kind = self._owner(own, name)
        return Block(name, kind, tuple(outputs[0].shape[1:]), _count(own.values()), sources)

    def _behind(self, outputs: list[Tensor]) -> tuple[tuple[int, ...], list[Tensor]]:
        """The blocks and the weights that outputs are made of."""
        waiting, seen = [output.grad_fn for output in outputs], set()
        sources: set[int] = set()
        weights: list[Tensor] = []
        while waiting:
            step = waiting.pop()
            if step is None or step in seen:
                continue
            seen.add(step)
            if step in self._made_by:
                sources.add(self._made_by[step])
            elif isinstance(weight := getattr(step, "variable", None), nn.Parameter):
                weights.append(weight)
            else:
                waiting += [before for before, _ in step.next_functions]
        return tuple(sorted(sources)), weights

    def _owner(self, weights: Mapping[int, Tensor], otherwise: str) -> tuple[str, str]:
        """Name and kind of the module that weights belong to, which is not called itself."""
        for name, module in self.network.named_modules():
            if any(id(weight) in weights for weight in module.parameters(recurse=False)):
                return name or otherwise, _kind(module)
        return otherwise, NO_MODULE

    def _add(self, block: Block, outputs: list[Tensor]) -> None:
        self._made_by |= {output.grad_fn: len(self._found) for output in outputs}
        self._found.append(block)


def _nothing(_: Any) -> Any:
    return None


def _tensors(result: Any) -> Iterator[Tensor]:
    """The tensors of a result, the last of several first: it is what comes of the others."""
    if isinstance(result, Tensor):
        yield result
    elif isinstance(result, Mapping):
        yield from _tensors(list(result.values()))
    elif isinstance(result, list | tuple):
        for item in reversed(result):
            yield from _tensors(item)


def _kind(module: nn.Module) -> str:
    """What a block is: its class, or that of its parts if it is a row of equal ones."""
    classes = {type(part).__name__ for part in _parts("", module).values()}
    if type(module) is nn.Sequential and len(classes) == 1:
        return f"{len(_parts('', module))} × {classes.pop()}"
    return type(module).__name__
