"""A small population: the synthetic voices of the example case, as folders of people."""

from factories import write_wav
from spoken import spoken


def write_people(root, count=6, seconds=7.0):
    """A folder a person with two recordings each; a synthetic voice is two people, by what it says."""
    for number in range(count):
        voice = ("carver", "dale")[number % 2]
        folder = root / f"person {number}"
        folder.mkdir(parents=True)
        for take in range(2):
            start_s = (number // 2) * 6.0 + take * 3.0
            write_wav(folder / f"{take}.wav", spoken(voice, seconds, start_s=start_s))
    return root
