"""English names of languages and accents, for people; programs use the tags."""

_NAMES = {
    "ab": "Abkhaz",
    "ar": "Arabic",
    "as": "Assamese",
    "br": "Breton",
    "ca": "Catalan",
    "cnh": "Hakha Chin",
    "cs": "Czech",
    "cv": "Chuvash",
    "cy": "Welsh",
    "de": "German",
    "dv": "Dhivehi",
    "el": "Greek",
    "en": "English",
    "en-british": "British",
    "en-chinese-l1": "Chinese-L1",
    "en-north-american": "North American",
    "en-south-asian": "South Asian",
    "eo": "Esperanto",
    "es": "Spanish",
    "et": "Estonian",
    "eu": "Basque",
    "fa": "Persian",
    "fi": "Finnish",
    "fr": "French",
    "fy-NL": "West Frisian",
    "ga-IE": "Irish",
    "hi": "Hindi",
    "hsb": "Upper Sorbian",
    "hu": "Hungarian",
    "ia": "Interlingua",
    "id": "Indonesian",
    "it": "Italian",
    "ja": "Japanese",
    "ka": "Georgian",
    "kab": "Kabyle",
    "ky": "Kyrgyz",
    "lg": "Luganda",
    "lt": "Lithuanian",
    "lv": "Latvian",
    "mn": "Mongolian",
    "mt": "Maltese",
    "nl": "Dutch",
    "or": "Odia",
    "pa-IN": "Punjabi",
    "pl": "Polish",
    "pt": "Portuguese",
    "rm-sursilv": "Romansh (Sursilvan)",
    "rm-vallader": "Romansh (Vallader)",
    "ro": "Romanian",
    "ru": "Russian",
    "rw": "Kinyarwanda",
    "sah": "Yakut",
    "sl": "Slovenian",
    "sv-SE": "Swedish",
    "ta": "Tamil",
    "th": "Thai",
    "tr": "Turkish",
    "tt": "Tatar",
    "tw": "Twi",
    "vi": "Vietnamese",
    "vot": "Votic",
    "zh-CN": "Mandarin (mainland China)",
    "zh-HK": "Cantonese (Hong Kong)",
    "zh-TW": "Mandarin (Taiwan)",
}


SURE = 0.3
"""A named language of a lower probability is marked as unsure wherever people read it."""


def name_of(tag: str) -> str:
    """The English name of a tag; the tag itself where there is none."""
    return _NAMES.get(tag, tag)


def names() -> tuple[str, ...]:
    """Every English name."""
    return tuple(_NAMES.values())
