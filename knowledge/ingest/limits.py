"""How much one file may cost: time, memory, size.

A hostile file is handled in ten seconds and 512 MiB (promise 17). A large honest one needs longer, and earns it: every
stretch of text that the file has not given before adds time, so a long manual is read to its end while a file that
gives nothing new is ended.
"""

from __future__ import annotations

from typing import Final

SECONDS: Final = 8.0
"""Time a file may take before it has given any text; with the start of a new process it stays under ten."""
CHARACTERS_A_SECOND: Final = 10_000
"""New characters that earn one more second. A page of a report holds about 2,000 and takes a thirtieth of a second."""
MOST_SECONDS: Final = 600.0
"""Time no file may exceed, whatever it earns."""
MEMORY: Final = 512 * 2**20
"""Bytes of address space of the process that reads."""
RECOGNITION_MEMORY: Final = 2 * 2**30
"""The same where text recognition was asked for: measured, its models take 1.3 GiB over a page of A4."""
RECOGNITION_SECONDS: Final = 60.0
"""Time a file may take there before it has given any text: some twenty pages without a word."""
RECOGNITION_WORTH: Final = 100
"""Times that a character earns there: a page of 2,000 takes some 3 s and earns 20."""
LARGEST_FILE: Final = 200 * 2**20
"""Bytes; a larger file is refused unread."""
LARGEST_TEXT_FILE: Final = 40 * 2**20
"""Bytes of a text, table or web page, which is held in memory whole and several times over."""
LARGEST_TEXT: Final = 10_000_000
"""Characters one file may give: about five thousand printed pages."""
LARGEST_REPLY: Final = 100 * 2**20
"""Bytes of one reply of the reading process."""
MOST_PAGES: Final = 5_000
MOST_CELLS: Final = 500_000
"""Cells of a workbook or table."""
LARGEST_UNPACKED: Final = 400 * 2**20
"""Bytes an archive may unpack to."""
LARGEST_MEMBER: Final = 100 * 2**20
"""Bytes a file within an archive may unpack to."""
LARGEST_RATIO: Final = 200
"""Unpacked bytes for each packed one, from which on an archive of some size is taken for a bomb; XML reaches 30."""
SMALL_ARCHIVE: Final = 20 * 2**20
"""Bytes up to which the ratio says nothing: a blank sheet packs well."""
MOST_MEMBERS: Final = 20_000
"""Parts of an office file."""
MOST_FILES: Final = 2_000
"""Files of a zipped folder, or attachments of an e-mail."""
MOST_ARTICLES: Final = 5_000
"""Documents of a question set in one file."""
DEEPEST_ARCHIVE: Final = 2
"""How far archives and e-mails may stand within each other."""
