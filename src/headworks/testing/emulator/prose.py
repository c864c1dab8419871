"""Plausible text made from a prompt: the same prompt and seed give the same text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from random import Random

from headworks.testing.emulator import words
from headworks.testing.emulator.tokens import pieces_of

_WORD = re.compile(r"[^\W\d_]{4,}")
_PROPER = re.compile(r"(?<![.!?]\s)(?<!^)\b[A-Z][a-z]{2,}\b")
_LENGTH = re.compile(r"\b(\d{1,5}) words\b")
_LOOK_AT = 4_000
"""Characters of a prompt's end that decide its topics: a long one costs no more than a short one."""


def proper_names(text: str) -> list[str]:
    """Capitalised words in the midst of sentences, in order, each once."""
    return list(dict.fromkeys(_PROPER.findall(text[-_LOOK_AT:])))


def topics_of(text: str) -> list[str]:
    """What a text is about: its telling words, the rarest and longest first; «water» if it has none."""
    seen = [word.lower() for word in _WORD.findall(text[-_LOOK_AT:])]
    telling = {word for word in seen if word not in words.COMMON}
    ranked = sorted(telling, key=lambda word: (seen.count(word) == 1, len(word), word), reverse=True)
    return ranked[:6] or ["water"]


class Writer:
    """Writes about one prompt. Draws from the chance it is given, so it belongs to one answer."""

    def __init__(self, chance: Random, prompt: str) -> None:
        self._chance = chance
        self._topics = topics_of(prompt)
        self._asked = _LENGTH.search(prompt)

    def answer(self, median_tokens: int) -> str:
        """A few sentences: as many words as the prompt asks for, or a lognormal number of tokens around the median."""
        if self._asked:
            return " ".join(self._endless(int(self._asked.group(1))))
        length = median_tokens * self._chance.lognormvariate(0.0, 0.4)
        return " ".join(self._until(length))

    def thought(self, median_tokens: int) -> str:
        """What goes through a model's head before it answers."""
        length = median_tokens * self._chance.lognormvariate(0.0, 0.3)
        text, size = list[str](), 0
        while size < length:
            sentence = self._fill(self._chance.choice(words.THOUGHTS))
            text.append(sentence)
            size += len(pieces_of(sentence))
        return " ".join(text)

    def phrase(self, at_least: int = 0) -> str:
        """A few words, or enough for so many characters."""
        text = f"{self._chance.choice(words.ADJECTIVES)} {self._chance.choice(self._topics)}"
        while len(text) < at_least:
            text = f"{text} {self._chance.choice(words.NOUNS)}"
        return text

    def _until(self, length: float) -> Iterator[str]:
        size = 0
        template = self._chance.choice(words.OPENINGS)
        while size < length:
            sentence = self._fill(template)
            yield sentence
            size += len(pieces_of(sentence))
            template = self._chance.choice(words.SENTENCES)
        yield self._fill(self._chance.choice(words.CLOSINGS))

    def _endless(self, count: int) -> list[str]:
        text = list[str]()
        while len(text) < count:
            text += self._fill(self._chance.choice(words.SENTENCES)).split()
        return [*text[: count - 1], text[count - 1].rstrip(".,;:") + "."]

    def _fill(self, template: str) -> str:
        choose = self._chance.choice
        topic, noun, noun2 = choose(self._topics), choose(words.NOUNS), choose(words.NOUNS)
        adjective = choose(words.ADJECTIVES)
        follows = adjective if "{article} {adjective}" in template else noun
        filled = template.format(
            topic=topic,
            Topic=topic.capitalize(),
            other=choose([other for other in self._topics if other != topic] or words.NOUNS),
            noun=noun,
            noun2=noun2,
            adjective=adjective,
            verb=choose(words.VERBS),
            article="an" if follows[0] in "aeiou" else "a",
        )
        return filled[0].upper() + filled[1:]
