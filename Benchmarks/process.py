"""What a process and its children cost: CPU time, memory, descriptors, read from /proc."""
import os


def tree(pid):
    """The process and all its descendants."""
    children = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/stat") as f:
                    parent = int(f.read().rsplit(")", 1)[1].split()[1])
            except (FileNotFoundError, ProcessLookupError):
                continue
            children.setdefault(parent, []).append(int(entry))
    pids, queue = [], [pid]
    while queue:
        current = queue.pop()
        pids.append(current)
        queue += children.get(current, [])
    return pids


def cpu_microseconds(pid):
    """CPU time of the process tree so far, from the scheduler's own nanosecond counts."""
    total = 0
    for process in tree(pid):
        try:
            for task in os.listdir(f"/proc/{process}/task"):
                with open(f"/proc/{process}/task/{task}/schedstat") as f:
                    total += int(f.read().split()[0])
        except (FileNotFoundError, ProcessLookupError):
            continue
    return total / 1000


def resident_bytes(pid):
    with open(f"/proc/{pid}/statm") as f:
        return int(f.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def resident_bytes_of_tree(pid):
    total = 0
    for process in tree(pid):
        try:
            total += resident_bytes(process)
        except (FileNotFoundError, ProcessLookupError):
            continue
    return total


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))
