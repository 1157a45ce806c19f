import Foundation
import Testing

/// Runs the files that the fuzzer begins with, some of every format, through the same readers.
@Suite struct CorpusTests {
    @Test(arguments: FuzzTarget.allCases)
    func everyFileGivesValuesOrAClientsError(target: FuzzTarget) throws {
        let folder = try #require(Bundle.module.url(forResource: "Corpus", withExtension: nil))
            .appendingPathComponent(target.rawValue)
        let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
        #expect(!files.isEmpty)
        for file in files { target.run(Array(try Data(contentsOf: file))) }
    }
}
