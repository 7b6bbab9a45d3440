"""What our recipes use of `gh api`, for machines without `gh`: a program, not a module.

It speaks to the server in GITHUB_API_URL. `--jq` is left to `jq`, with whose raw output `gh` agrees.
"""

import argparse
import json
import os
import re
import subprocess
import urllib.request
from pathlib import Path


def main() -> None:
    """Send one request, and those for further pages."""
    parser = argparse.ArgumentParser()
    parser.add_argument("command", choices=["api"])
    parser.add_argument("path")
    parser.add_argument("--paginate", action="store_true")
    parser.add_argument("--silent", action="store_true")
    parser.add_argument("--method")
    parser.add_argument("--jq")
    parser.add_argument("-f", dest="raw_fields", action="append", default=[])
    parser.add_argument("-F", dest="fields", action="append", default=[])
    options = parser.parse_args()
    body = dict(field.split("=", 1) for field in options.raw_fields)
    for field in options.fields:
        name, _, text = field.partition("=")
        body[name] = Path(text[1:]).read_text() if text.startswith("@") else text
    method = options.method or ("POST" if body else "GET")
    url = f"{os.environ['GITHUB_API_URL']}/{options.path}"
    while url:
        request = urllib.request.Request(
            url,
            json.dumps(body).encode() if body else None,
            {"Authorization": f"token {os.environ['GH_TOKEN']}"},
            method=method,
        )
        with urllib.request.urlopen(request) as response:
            page = response.read()
            following = re.search(r'<([^>]*)>; rel="next"', response.headers["Link"] or "")
        if not options.silent:
            command = ["jq", "--raw-output", options.jq or "."]
            subprocess.run(command, input=page, check=True)
        url = following[1] if following and options.paginate else ""


if __name__ == "__main__":
    main()
