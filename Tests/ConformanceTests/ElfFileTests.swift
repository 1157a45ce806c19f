import Conformance
import Foundation
import Testing

/// Reading a file that may be anything.
struct ElfFileTests {
    private func echo() throws -> [UInt8] {
        [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(SluiceProgram.plugins)/libsluice_echo.so")))
    }

    @Test(.enabled(if: !SluiceProgram.isSanitized)) func readsExportsAndDependencies() throws {
        let file = try ElfFile(echo())
        #expect(file.exports.map(\.name) == ["sluice_plugin_v1"])
        #expect(file.exports[0].isFunction)
        #expect(file.dependencies == ["libc.so.6"])
    }

    @Test(arguments: [0, 1, 4, 16, 63, 64, 100, 1000]) func aFileCutShortIsRefused(length: Int) throws {
        let bytes = try echo()
        #expect(throws: ElfFile.Fault.self) { try ElfFile(Array(bytes.prefix(length))) }
    }

    @Test func anotherKindOfFileIsNamed() {
        let fault = #expect(throws: ElfFile.Fault.self) { try ElfFile(Array("#!/bin/sh".utf8)) }
        #expect(fault?.message == "no ELF file: it begins with 23 21 2f 62")
    }

    @Test func spoiltFilesAreReadOrRefused() throws {
        let bytes = try echo()
        for seed in 0..<400 {
            // The headers and the tables at the end are what is read; a seed places the spoilt bytes.
            var spoilt = bytes
            for step in 0..<8 {
                let place = (seed &* 7919 &+ step &* 104_729) % 4096
                spoilt[place < 2048 ? place % 64 : bytes.count - 1 - place % 2048] = UInt8(
                    truncatingIfNeeded: seed &* 31 &+ step)
            }
            _ = try? ElfFile(spoilt)
        }
    }
}
