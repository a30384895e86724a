"""Records a started interpreter with NumPy in it, and proves that it computes what an ordinary one does.

Called by builder/runtime.py. It takes Node 24, whose function table is as long as that of browsers;
without one, or on any doubt, there is no snapshot, and Python starts from the packs.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from builder.runtime_node import HERE, LIBRARY, Compiled, Job, NodeError, extract, kept, pyodide_files, temporary, write_tree
from builder.runtime_pack import FOLDER, module_name, pack, start_files

Say = Callable[[str], None]

NODE = 24
"""The major version of Node whose images browsers can restore."""
KERNEL = HERE.parent / "osft-web" / "kernel"


def make_snapshot(job: Job, compiled: Compiled, py_zip: Path, staging_dir: Path, log: Say) -> dict[str, str] | None:
    """Write `snapshot.pack`; its path, header and fingerprint, or None where there can be none."""
    kernel = [KERNEL / name for name in ("snapshot.js", "pack.js", "confine.js")]
    programs = [HERE / name for name in ("runtime_snapshot.py", "runtime_node.py", "node_snapshot.mjs", "node_check.mjs")]
    checked = [HERE.parent / "py" / "explorer" / "selfcheck.py"]
    start_pack = staging_dir / FOLDER / "start.pack"

    def record(out: Path) -> None:
        log("Recording a started interpreter, so that browsers need not start one.")
        with temporary() as library:
            write_tree(start_files(compiled), library)
            modules = [module_name(path) for path in sorted(compiled.start | compiled.later) if path.endswith(".pyc")]
            task = {"kernel": str(KERNEL), "library": str(library)}
            job.run("node_snapshot.mjs", task | {"modules": modules, "out": str(out)})
            names = [entry["file"] for entry in json.loads((out / "record.json").read_text(encoding="utf-8"))["libraries"]]
            files = {name: (library / name.removeprefix(f"{LIBRARY}/")).read_bytes() for name in names}
            files |= {name: (out / name).read_bytes() for name in ("record.json", "memory")}
            header = base64.b64encode((out / "header").read_bytes()).decode()
            (out / "snapshot.pack").write_bytes(pack(files))
            (out / "about.json").write_text(json.dumps(about(task, out, header)), encoding="utf-8")

    def about(task: dict[str, str], out: Path, header: str) -> dict[str, str]:
        """Restore the pack beside an ordinary start; both must compute the same bits."""
        with temporary() as sources:
            extract(py_zip, sources, lambda name: True)
            check = {"py": str(sources), "snapshot": str(out / "snapshot.pack"), "header": header}
            found = json.loads(job.run("node_check.mjs", task | check))
        if found["ordinary"] != found["restored"]:
            raise NodeError(
                f"the restored interpreter computes {found['restored']} where an ordinary one computes {found['ordinary']}."
            )
        return {"header": header, "fingerprint": found["ordinary"]}

    try:
        folder = kept("snapshot", [*pyodide_files(job.vendor_dir), start_pack, *kernel, *programs, *checked], record)
    except NodeError as error:
        log(f"There is no snapshot of a started interpreter, because making one failed: {error}")
        return None
    path = f"{FOLDER}/snapshot.pack"
    (staging_dir / path).write_bytes((folder / "snapshot.pack").read_bytes())
    found: dict[str, Any] = json.loads((folder / "about.json").read_text(encoding="utf-8"))
    return {"snapshot": path, **found}
