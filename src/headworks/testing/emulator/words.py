"""The emulated model's vocabulary."""

from __future__ import annotations

OPENINGS = (
    "In short, {topic} comes down to {noun}.",
    "The first thing to know about {topic} is its {adjective} {noun}.",
    "Think of {topic} as {article} {noun} that {verb} slowly.",
    "{Topic} is easier than it looks once the {noun} is {adjective}.",
    "There are two good answers where {topic} is concerned.",
    "Most people meet {topic} through {other}.",
)

SENTENCES = (
    "A {adjective} {noun} {verb} the {noun2}, and {topic} follows.",
    "When the {noun} {verb}, {topic} becomes a matter of {noun2}.",
    "That is why {topic} and {other} are seldom seen apart.",
    "Nobody who has watched {article} {adjective} {noun} would doubt it.",
    "For {topic}, the {noun} matters more than the {noun2}.",
    "It helps to write down the {noun} before touching {other}.",
    "Every {noun} has its {noun2}; with {topic} it is the {adjective} one.",
    "Take {other}: the {noun} {verb}, and the rest is {noun2}.",
    "Some would start from {other}, which is {adjective} but slow.",
    "Measured carefully, the {noun} {verb} twice as often as the {noun2}.",
    "If {topic} fails, look at the {adjective} {noun} first.",
    "The {noun} stays {adjective} as long as {topic} is kept simple.",
)

CLOSINGS = (
    "So start with {topic}, and let the {noun} come later.",
    "In the end, {topic} rewards patience.",
    "That is all there is to {topic}.",
    "Ask again if the {noun} is still unclear.",
)

THOUGHTS = (
    "The question is about {topic}.",
    "First I should settle what {topic} means here.",
    "There may be a link between {topic} and {other}.",
    "A {adjective} {noun} would be a good example.",
    "No need to go into {other}.",
    "I should keep the answer short.",
)

NOUNS = (
    "river", "gate", "channel", "season", "ledger", "bridge", "harvest", "current", "basin", "pattern",
    "signal", "garden", "record", "measure", "reservoir", "balance", "market", "weather", "machine", "village",
    "boundary", "journey", "method", "question", "border", "lantern", "orchard", "compass", "archive", "workshop",
)  # fmt: skip

ADJECTIVES = (
    "steady", "narrow", "quiet", "seasonal", "careful", "open", "shared", "modest", "deep", "regular",
    "bright", "patient", "useful", "plain", "gradual", "ordinary", "hidden", "robust", "early", "local",
)  # fmt: skip

VERBS = (
    "turns", "rises", "settles", "carries", "shifts", "returns", "grows", "waits", "opens", "holds",
    "divides", "answers", "travels", "drifts", "gathers",
)  # fmt: skip

CITIES = ("Lisbon", "Oslo", "Nairobi", "Kyoto", "Porto", "Quito", "Riga", "Hanoi", "Bergen", "Tunis")

FIRST_NAMES = ("Ada", "Emil", "Ines", "Jonas", "Mira", "Noor", "Pavel", "Rosa", "Sana", "Tomas")

LAST_NAMES = ("Berg", "Costa", "Duarte", "Fischer", "Kaya", "Lind", "Moreau", "Okafor", "Rossi", "Tanaka")

_COMMON = (
    "about above after again against also although always among another answer because been before being below between both"
    " call could describe does doing down during each either emulate every example explain false first from give given have having here"
    " hers himself however into itself just know last least less like long made make many might more most much must need"
    " never next none only other over parallel part please quite rather same say says sentence shall short should show some such system"
    " tell than that their them then there these they thing this those three through tool tools true under until upon user using very want"
    " well were what when where whether which while whom whose will with within without words would write year your"
)

COMMON = frozenset(_COMMON.split())
"""Words of a prompt that say little about its topic."""
