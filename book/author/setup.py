"""Makes the virtual environment: `python3 book/author/setup.py VENV`. Does nothing where all is done.

Standard library only, since it runs before anything is installed. The packages come from pyproject.toml, their
versions from requirements.lock. Where torch is already in VENV it stays.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OLDEST = (3, 11)


def stop(message: str) -> None:
    sys.exit(f"setup: {message}")


def python_of(venv: Path) -> Path:
    return venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def has_pip(venv: Path) -> bool:
    python = python_of(venv)
    return python.exists() and subprocess.run([python, "-m", "pip", "--version"], capture_output=True).returncode == 0


def wanted() -> str:
    """What the environment must agree with: needs, tested versions, this file, this Python, this place."""
    digest = hashlib.sha256(f"{sys.version_info[:2]} {ROOT}".encode())
    for name in ("pyproject.toml", "requirements.lock", "book/author/setup.py"):
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()


def run(*command: str | Path) -> None:
    """Run a command; what it is at is shown on one line, and all of it only where it fails."""
    said: list[str] = []
    steps = 0
    with subprocess.Popen([str(part) for part in command], cwd=ROOT, text=True, encoding="utf-8", errors="replace",
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        for line in process.stdout:
            said.append(line)
            step = re.match(r"\s*(Collecting|Downloading|Processing|Installing) (\S+)", line)
            steps += bool(step)
            if step and sys.stdout.isatty():
                print(f"\r\033[K  {step[1]} {step[2][:60]}", end="", flush=True)
            elif step and steps % 50 == 0:
                print(f"  {steps} steps of pip, now: {step[1]} {step[2].rsplit('/', 1)[-1][:60]}", flush=True)
    if sys.stdout.isatty():
        print("\r\033[K", end="", flush=True)
    if process.returncode:
        print("".join(said[-30:]), file=sys.stderr)
        stop(f"`{' '.join(map(str, command[1:5]))} …` failed, see above. Without a network the packages cannot be "
             "fetched; nothing is lost, run the same command again later")


def alone(venv: Path):
    """Wait until no other set-up of this environment runs; the lock goes with the process."""
    try:
        import fcntl
    except ImportError:  # Windows: two set-ups at the same time are not guarded
        return None
    lock = open(venv / ".lock", "w")  # noqa: SIM115, held until the process ends
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        print("setup: another set-up is running; waiting for it", flush=True)
        fcntl.flock(lock, fcntl.LOCK_EX)
    return lock


def main(venv: Path) -> None:
    if sys.version_info < OLDEST:
        stop(f"needs Python {'.'.join(map(str, OLDEST))} or newer, this is {sys.version.split()[0]}. "
             "Name another with `make PYTHON=python3.12`")
    try:
        venv.mkdir(parents=True, exist_ok=True)
        lock = alone(venv)
    except OSError as error:
        stop(f"cannot make {error.filename}: {error.strerror}. Give yourself write access, or put the environment "
             "elsewhere with `make VENV=~/cnnbook-venv`")
    stamp = venv / ".ready"
    if stamp.is_file() and stamp.read_text() == wanted() and python_of(venv).exists():
        return
    begin = time.perf_counter()
    print(f"setup: packages into {venv} (several minutes the first time)", flush=True)
    if not has_pip(venv):  # not there yet, or cut off while it was made
        try:
            import ensurepip  # noqa: F401
        except ImportError:
            stop("this Python has no venv. On Debian or Ubuntu: apt install python3-venv")
        run(sys.executable, "-m", "venv", venv)
    python = python_of(venv)
    locked = (ROOT / "requirements.lock").read_text("utf-8")
    if subprocess.run([python, "-c", "import torch"], capture_output=True).returncode == 0:
        locked = re.sub(r"^(torch|torchvision)==.*\n", "", locked, flags=re.M)
    constraints = venv / "constraints.txt"
    constraints.write_text(locked, "utf-8")
    run(python, "-m", "pip", "install", "--disable-pip-version-check", "--editable", f"{ROOT}[book,pretrained,test]",
        "--constraint", constraints)
    # The theme and the author's tool are for those who build the book: on the path here, not in the package.
    where = subprocess.run([python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
                           capture_output=True, text=True, check=True).stdout.strip()
    # As code in ASCII: a plain line with Korean letters could not be read in every locale.
    Path(where, "cnnbook-book.pth").write_text(f"import sys; sys.path.append({ascii(str(ROOT / 'book'))})\n", "ascii")
    stamp.write_text(wanted())
    print(f"setup: done in {time.perf_counter() - begin:.0f} s", flush=True)
    del lock


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(os.path.abspath(os.path.expanduser(sys.argv[1]))))
