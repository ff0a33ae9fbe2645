"""Contract coverage: the sentences of a stub that some mutant breaks, and those that none breaks."""

from __future__ import annotations

from dataclasses import dataclass, field

from katagrad.mutation.entries import Kept
from katagrad.mutation.sentences import Sentence, fold, sentences


@dataclass
class Coverage:
    """broken: sentences that a mutant breaks. explained: those that ask for nothing. open: the rest.

    problems: quotations that cannot be placed. unquoted: names of mutants that quote no words.
    one_framework: broken sentences that are broken in one framework only, each with its framework.
    """

    broken: list[Sentence] = field(default_factory=list)
    explained: list[Sentence] = field(default_factory=list)
    open: list[Sentence] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    unquoted: list[str] = field(default_factory=list)
    one_framework: list[tuple[Sentence, str]] = field(default_factory=list)

    @property
    def total(self) -> int:
        """How many sentences of the stub ask for something."""
        return len(self.broken) + len(self.open)

    @property
    def complete(self) -> bool:
        """Whether every sentence is broken or explained, and every mutant quotes what it breaks."""
        return not (self.open or self.problems or self.unquoted)


def quoted(words: str, of: str, listed: list[Sentence], same: bool = False) -> list[int]:
    """The index in `listed` of the sentence that contains `words`, in the docstring of `of` if that is given.

    same: several sentences are meant if their texts are equal. Raises ValueError unless one sentence has the words.
    """
    text = fold(words)
    if len(text.split()) < 2 and text not in {s.text for s in listed}:
        raise ValueError(f"{words!r} is too short a quotation; quote two words or more")
    places = [i for i, s in enumerate(listed) if text in s.text and (not of or s.of == of)]
    if not places:
        docstrings: dict[str, str] = {}
        for s in listed:
            docstrings[s.of] = f"{docstrings.get(s.of, '')} {s.text}"
        where = [name or "the module" for name, whole in docstrings.items() if text in whole]
        if where and not of:
            raise ValueError(
                f"{words!r} goes over the end of a sentence of {where[0]}; quote words of one sentence, "
                "or give a list"
            )
        raise ValueError(f"{words!r} is in no sentence of the stub" + (f"'s {of}" if of else ""))
    if len({(listed[i].text if same else i) for i in places}) > 1:
        owners = ", ".join(sorted({listed[i].of or "the module" for i in places}))
        raise ValueError(
            f"{words!r} is in {len(places)} sentences ({owners}); quote more words, or say with `of` "
            "whose docstring is meant"
        )
    return places


def cover(stub: str, kept: Kept) -> Coverage:
    """Match the quotations of a topic's mutants and explanations with the sentences of its stub."""
    listed, found = sentences(stub), Coverage()
    broken: dict[int, set[str]] = {}
    explained: set[int] = set()
    said: set[str] = set()
    for framework, mutants in kept.mutants.items():
        for mutant in mutants:
            if not mutant.breaks and mutant.name not in found.unquoted:
                found.unquoted.append(mutant.name)
            for words in mutant.breaks:
                try:
                    for i in quoted(words, mutant.of, listed):
                        broken.setdefault(i, set()).add(framework)
                except ValueError as error:
                    said.add(f"mutant {mutant.name!r} breaks words that cannot be placed: {error}")
    for entry in kept.explains:
        for words in entry.words:
            try:
                places = set(quoted(words, entry.of, listed, same=True))
                explained |= places
                if places <= set(broken):
                    said.add(f"[[explains]]: {words!r} is in a sentence that a mutant breaks")
            except ValueError as error:
                said.add(f"[[explains]]: {error}")
    for i, sentence in enumerate(listed):
        # What introduces a list is broken where one of its items is.
        below = set(range(i, i + 1 + sentence.leads))
        if below & set(broken):
            found.broken.append(sentence)
            where = set().union(*(broken.get(j, set()) for j in below))
            if len(where) == 1 and len([m for m in kept.mutants.values() if m]) > 1:
                found.one_framework.append((sentence, next(iter(where))))
        elif i in explained:
            found.explained.append(sentence)
        else:
            found.open.append(sentence)
    found.problems = sorted(said)
    return found
