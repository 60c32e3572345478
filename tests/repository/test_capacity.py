"""docs/capacity.md: what it says of the model is what the model prints."""

import re
import subprocess
import sys
from pathlib import Path

PAGE = (Path(__file__).parents[2] / "docs/capacity.md").read_text(encoding="utf-8")


def test_the_model_prints_what_the_page_says():
    [model], [printed] = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL), re.findall(r"```text\n(.*?)```", PAGE, re.DOTALL)
    ran = subprocess.run([sys.executable, "-c", model], capture_output=True, text=True, check=True)
    assert ran.stdout == printed
