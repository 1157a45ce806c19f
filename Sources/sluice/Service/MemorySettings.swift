internal import CMalloc

/// How this process keeps memory.
enum MemorySettings {
    /// Keeps megabyte buffers in the heap instead of mapping and faulting fresh pages for each: +30 % throughput of 1 MB
    /// bodies (docs/benchmarks.md). Up to 64 MiB of free memory at the heap's top stay with the process.
    static func keepLargeBlocks() {
        mallopt(M_MMAP_THRESHOLD, 64 << 20)
        mallopt(M_TRIM_THRESHOLD, 64 << 20)
    }

    /// Gives back what only the start needed: parsing files and checking plugins touches much code that serving doesn't.
    static func giveBackStart() {
        sluice_give_back_start()
    }
}
