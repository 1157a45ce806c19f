package import Configuration
internal import Policies

/// A JSON Web Key Set (RFC 7517) as it is read: the keys in it that may check signatures.
///
/// Keys that nobody here can use (other types, other uses, other curves) are left out, as the standard asks; sets often
/// have some.
package struct KeySetDocument: Sendable {
    /// One key as the set gives it.
    struct Entry: Sendable, Equatable {
        var id: String?
        var algorithm: TokenAlgorithm
        /// `n` and `e`, or `x` and `y`, or `x`; base64url as it stands.
        var members: [String: String]
    }

    /// Sets larger than this are refused.
    package static let maximumBytes = 256 << 10
    /// Keys of one set, each counted for each algorithm that it may be used with.
    static let maximumEntries = 128
    /// Bytes of one number in base64url: those of RSA with 8192 bits.
    private static let longestNumber = 1_368

    let entries: [Entry]

    /// What is wrong with a set, as the end of a sentence.
    package struct Fault: Error, Sendable, Equatable {
        package var message: String
    }

    /// - Parameter algorithms: those that tokens may be signed with.
    package init(_ bytes: [UInt8], algorithms: [TokenAlgorithm]) throws(Fault) {
        guard bytes.count <= Self.maximumBytes else {
            throw Fault(message: "is larger than \(Self.maximumBytes >> 10) KiB")
        }
        let set: Claims
        do {
            set = try ClaimsReader.read(bytes, mostValues: 16_384)
        } catch {
            throw Fault(message: "holds no JSON object")
        }
        guard case .list(let keys)? = set.members["keys"] else { throw Fault(message: "has no list \"keys\" in it") }
        var entries: [Entry] = []
        for case .members(let key) in keys { entries += Self.entries(of: key, algorithms) }
        guard entries.count <= Self.maximumEntries else { throw Fault(message: "has more than 128 keys") }
        guard !entries.isEmpty else {
            let names = algorithms.map(\.rawValue).joined(separator: ", ")
            throw Fault(message: "has no key that checks signatures of \(names)")
        }
        self.entries = entries
    }

    private static func entries(of key: [String: ClaimValue], _ algorithms: [TokenAlgorithm]) -> [Entry] {
        if let use = key["use"], use.text != "sig" { return [] }
        if let operations = key["key_ops"], operations.texts?.contains("verify") != true { return [] }
        // Half of a pair that can sign has no business in a set that is handed round; nor has a secret.
        guard key["d"] == nil, key["k"] == nil, let type = key["kty"]?.text else { return [] }
        let id = key["kid"]?.text
        if key["kid"] != nil, id == nil { return [] }
        return algorithms.compactMap { algorithm in
            guard !algorithm.isSymmetric, algorithm.keyType == type, algorithm.curve == key["crv"]?.text else {
                return nil
            }
            if let own = key["alg"], own.text != algorithm.rawValue { return nil }
            let names =
                switch type {
                case "RSA": ["n", "e"]
                case "EC": ["x", "y"]
                default: ["x"]
                }
            var members: [String: String] = [:]
            for name in names {
                guard let text = key[name]?.text, text.utf8.count <= longestNumber else { return nil }
                members[name] = text
            }
            return Entry(id: id, algorithm: algorithm, members: members)
        }
    }

    /// What is wrong with the bytes of a file, as the end of a sentence; `nil` for nothing.
    package static func fault(in bytes: [UInt8], algorithms: [TokenAlgorithm]) -> String? {
        do {
            _ = try KeySetDocument(bytes, algorithms: algorithms)
            return nil
        } catch {
            return error.message
        }
    }
}
