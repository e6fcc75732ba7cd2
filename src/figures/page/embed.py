#!/usr/bin/env python3
"""Puts the page's style and script into its frame, allows just these two by their hashes, and writes
the text before and after the data as a C++ source file.

    embed.py page.html page.css page.js OUTPUT
"""

import base64
import hashlib
import pathlib
import sys


def source(text):
    """Content-Security-Policy's name for a text."""
    digest = hashlib.sha256(text.encode()).digest()
    return "'sha256-%s'" % base64.b64encode(digest).decode()


def literal(text):
    """As lines, so that no literal is longer than a compiler must take."""
    escaped = (line.replace("\\", "\\\\").replace('"', '\\"') for line in text.splitlines())
    return "\n".join('    "%s\\n"' % line for line in escaped)


def main():
    frame, style, script = (pathlib.Path(name).read_text(encoding="utf-8") for name in sys.argv[1:4])
    page = (frame.replace("@STYLE_SOURCE@", source(style)).replace("@SCRIPT_SOURCE@", source(script))
            .replace("@STYLE@", style).replace("@SCRIPT@", script))
    before, _, after = page.partition("@DATA@")
    pathlib.Path(sys.argv[4]).write_text(
        '#include "figures/page_frame.hpp"\n\nnamespace gladhand {\n\n'
        f"const std::string_view page_before_data =\n{literal(before)};\n\n"
        f"const std::string_view page_after_data =\n{literal(after)};\n\n}}  // namespace gladhand\n",
        encoding="utf-8")


if __name__ == "__main__":
    main()
