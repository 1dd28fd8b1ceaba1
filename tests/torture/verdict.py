"""How a torture ends."""

import shutil


def tell(faults, seed, directory):
    """The exit code. What is left of a run that failed is kept."""
    for fault in faults[:50]:
        print("FAULT: " + fault)
    if faults:
        print("%d faults, seed %d; logs and data are in %s" % (
            len(faults), seed, directory))
        return 1
    shutil.rmtree(directory)
    print("all invariants hold")
    return 0
