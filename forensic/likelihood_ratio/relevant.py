"""The relevant population: which people of a reference population a case is weighed against.

What a corpus does not say of a person cannot be chosen by: somebody whose sex is unknown is neither among the women nor
among the men. Children are in no population of adults: they are left out unless a case asks for them.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from forensic.errors import CaseError
from forensic.likelihood_ratio.pairing import has_days
from forensic.likelihood_ratio.population import Population, without
from forensic.records import TRAITS, Traits

CHILD = "child"
AgeChoice: TypeAlias = Literal["", "adult", "child", "any"]


@dataclass(frozen=True, slots=True)
class PopulationChoice:
    """Whom a case is weighed against; what is blank leaves nobody out.

    Attributes:
        description: the population that H2 speaks of, and why it is the relevant one.
        sex: "female" or "male".
        age: "adult" takes only people known to be adult, "child" only children, "any" everybody; blank takes everybody
            who is not known to be a child.
        language: of their recordings, BCP 47; "en" takes "en-GB" too.
        accent: as the corpora name it.
        corpora: names of corpora, without a language in brackets.
    """

    description: str = ""
    sex: Literal["", "female", "male"] = ""
    age: AgeChoice = ""
    language: str = ""
    accent: str = ""
    corpora: tuple[str, ...] = ()

    @property
    def is_blank(self) -> bool:
        """Whether nothing was chosen."""
        return self == PopulationChoice(self.description)


def chosen(population: Population, choice: PopulationChoice) -> Population:
    """The population's people whom a case is weighed against.

    Args:
        population: a bank.
        choice: of the case.

    Raises:
        CaseError: if nobody is left.
    """
    kept = _is_chosen(population, choice)
    if not kept.any():
        raise CaseError(
            "Nobody in the reference population is as [relevant_population] of case.toml asks.",
            "Ask for less, or give people of your own with --population.",
        )
    names = np.array(population.speakers)[~kept]
    return without(population, names.tolist())


def _is_chosen(population: Population, choice: PopulationChoice) -> NDArray[np.bool_]:
    return np.array(
        [
            _fits(traits, choice) and (not choice.corpora or corpus.partition(" (")[0] in choice.corpora)
            for traits, corpus in zip(population.traits, population.corpora, strict=True)
        ]
    )


def _fits(traits: Traits, choice: PopulationChoice) -> bool:
    ages: Mapping[AgeChoice, Callable[[str], bool]] = {
        "": lambda age: age != CHILD,
        "adult": lambda age: age == "adult",
        "child": lambda age: age == CHILD,
        "any": lambda _: True,
    }
    return (
        ages[choice.age](traits.age)
        and choice.sex in {"", traits.sex}
        and choice.language.casefold() in {"", traits.language.casefold(), traits.language.casefold().partition("-")[0]}
        and choice.accent in {"", traits.accent}
    )


@dataclass(frozen=True, slots=True)
class People:
    """Who a population is: how many people there are of each corpus, sex, age, language and accent.

    Attributes:
        count: of people.
        real: how many were recorded by real lines.
        several_days: how many were recorded on several days.
        by: name of the grouping, then number of people by value; "" is unknown.
    """

    count: int
    real: int
    several_days: int
    by: Mapping[str, Mapping[str, int]]


def people_of(population: Population) -> People:
    """Who a population is.

    Args:
        population: a bank; only speakers with rows count.
    """
    there = np.unique(population.speaker).tolist()
    groups = {"corpus": [population.corpora[number].partition(" (")[0] for number in there]}
    groups |= {trait: [getattr(population.traits[number], trait) for number in there] for trait in TRAITS}
    return People(
        count=len(there),
        real=len(np.unique(population.speaker[population.is_real])),
        several_days=int(has_days(population).sum()),
        by={
            name: dict(sorted(Counter(values).items(), key=lambda one: (-one[1], one[0])))
            for name, values in groups.items()
        },
    )
