"""Rules compiled from item definitions into one Ibis pass (XW-12.2, XW-13.1, XW-15.1). Django-free.

In: a published ``ResourceSpec`` and a table of raw text. Out: per row the first rule it breaks, or its typed values.
``rules`` says what is checked and in which words; ``plane`` says it again as engine expressions; ``identifiers`` holds the
expressions of the two national identifiers, held to ``kernel.codes`` by a property test.
"""
