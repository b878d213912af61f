"""The console script before the command line is there."""

import subprocess
import sys

INTERRUPTED = """
import os, signal, sys

class Impatient:
    def find_spec(self, name, *_):
        if name == "ui.cli":
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Impatient())
from ui.start import main
main()
"""


def test_an_interrupt_during_the_imports_is_no_traceback():
    ran = subprocess.run([sys.executable, "-c", INTERRUPTED], capture_output=True, text=True, timeout=60, check=False)
    assert (ran.returncode, ran.stdout, ran.stderr) == (130, "", "domainsmith: cancelled\n")


def test_the_console_script_is_the_command_line():
    code = "import sys; sys.argv = ['domainsmith', '--version']; from ui.start import main; main()"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert ran.stdout.startswith("domainsmith ")
