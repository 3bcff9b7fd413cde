"""The live flow of the home page: what its graph says is what the real flow does, edge by edge."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from docs._site import hero, stories
from docs._site.stories import Ended, Stage, View
from docs._site.words import WORDS
from qftools.cancellation.verdicts import VERDICTS

Graph = Mapping[str, Any]


@pytest.fixture(scope="module")
def graph() -> Graph:
    return stories.graph()


def paths(graph: Graph) -> Iterator[tuple[str, str]]:
    """Yield stories, by root and acts, that lead over every edge at least once."""
    nodes, done = graph["nodes"], set()
    for root, first in graph["roots"].items():
        ways = {first: ""}
        for node in (queue := [first]):
            for letter, (_, to) in nodes[node][1].items():
                if to not in ways:
                    ways[to] = ways[node] + letter
                    queue.append(to)
        for start in queue:
            while left := [letter for letter in nodes[start][1] if (start, letter) not in done]:
                node, acts = start, ways[start]
                while left:
                    done.add((node, left[0]))
                    acts += left[0]
                    node = nodes[node][1][left[0]][1]
                    left = [letter for letter in nodes[node][1] if (node, letter) not in done]
                yield root, acts


def as_view(graph: Graph, node: int) -> View:
    knows, books, following, ended = graph["views"][graph["nodes"][node][0]]
    if ended:
        ended = Ended(*ended[:2], *(tuple(graph["words"][number]) for number in ended[2:]))
    return View(knows, books, following, ended)


def as_drawn(graph: Graph, step: int) -> tuple[float, list[Any]]:
    seconds, parts = graph["steps"][step]
    return seconds, [
        (name, after, [(start, end, tuple(graph["words"][words]), look) for start, end, words, look
                       in (graph["lines"][line] for line in lines)])
        for name, after, lines in (graph["parts"][part] for part in parts)
    ]  # fmt: skip


def differences(graph: Graph, root: str, acts: str) -> Iterator[str]:
    """Play one story from nothing, and yield where the graph says otherwise."""
    stage, node = Stage(root), graph["roots"][root]
    for number, letter in enumerate(acts):
        at, edges = f"{root}.{acts[:number]}", graph["nodes"][node][1]
        if stories.view(stage) != as_view(graph, node):
            yield f"{at}: looks otherwise"
        if set(stage.acts()) != set(edges):
            yield f"{at}: other acts are possible"
            return
        step, node = edges[letter]
        parts, seconds = stories.do(stage, letter)
        drawn = [(name, after, [tuple(line) for line in lines]) for name, after, lines in parts]
        if (seconds, drawn) != as_drawn(graph, step):
            yield f"{at}{letter}: something else happens"
    if stories.view(stage) != as_view(graph, node):
        yield f"{root}.{acts}: ends otherwise"


def test_each_edge_replayed_from_nothing_is_what_the_graph_says(graph):
    wrong = [line for root, acts in paths(graph) for line in differences(graph, root, acts)]

    assert wrong == []


def test_a_swapped_verdict_is_noticed(graph):
    swapped = copy.deepcopy(graph)
    found = {view[3][0]: number for number, view in enumerate(swapped["views"]) if view[3]}
    story = stories.walked(stories.STORIES["refuses"])
    swapped["nodes"][story.nodes[-1]][0] = found["CANCELLED"]
    root, _, acts = stories.STORIES["refuses"].rpartition(".")

    assert list(differences(graph, root, acts)) == []
    assert list(differences(swapped, root, acts)) == [f"{root}.{acts}: ends otherwise"]


def test_every_verdict_of_a_payment_can_be_reached_and_has_a_story(graph):
    reached = {view[3][0] for view in graph["views"] if view[3]}

    assert reached == set(VERDICTS)
    assert {hero.verdict(address) for address in stories.STORIES.values()} == reached


def test_each_thing_that_a_reader_is_told_has_its_words(graph):
    said = {f"story knows {view[0]}" for view in graph["views"]}
    said |= {f"story phone {view[1] or 'none'}" for view in graph["views"]}
    said |= {f"story step {view[2].split()[0]}" for view in graph["views"] if view[2]}
    said |= {f"story {letter}" for _, edges in graph["nodes"] for letter in edges}

    assert said <= set(WORDS)


@pytest.mark.parametrize("address", ["800101.good.x", "999999.good.n", "800101.good.nnnnnnnnnn"])
def test_an_address_that_is_no_story_is_refused(address):
    with pytest.raises(KeyError):
        stories.walked(address)
