"""Parts that every report is made of.

- ``content``, ``plots``: rows, chapters and plots as plain data; ``rows``, ``title_page``, ``method`` make them.
- ``method_wording``: the sentences that follow the method in force; ``wording``: those that no setting changes;
  ``glossary``: the terms and labels.
- ``canvas``, ``tippett``, ``svg``: how plots are drawn; ``render``: how a page and its PDF are made.
"""
