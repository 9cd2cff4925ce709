"""The recipe of each task: what its result would be made of now."""

from __future__ import annotations

from gfce.provenance import code
from gfce.provenance.ingredients import Ingredients
from gfce.provenance.records import Recipe
from gfce.steps import STEPS, Task, reads


def recipe_of(ingredients: Ingredients, task: Task) -> Recipe:
    """What a task's result would be made of now.

    What reads resampled images depends on how they are resampled: on the code and the settings of
    `preprocess`, and on the hashes of the images that they are made from.

    Raises:
        UserError: the cohort, which it depends on, has not been indexed.
    """
    settings, inputs = STEPS[task.step].made_of(ingredients, task.what)
    read = {read.step for read in reads(ingredients.config, task)}
    sees_images = "preprocess" in read | {task.step}
    versions: dict[str, int] = {}
    edited: dict[str, str] = {}
    for step in ("preprocess", task.step) if sees_images else (task.step,):
        versions |= code.versions(step, ingredients.config, task.what)
        edited |= code.edited(step, ingredients.config, task.what)
    if sees_images:
        settings |= ingredients.preparation()
    return Recipe(versions, edited, settings, inputs)
