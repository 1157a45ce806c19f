internal import Foundation

/// What a server's `GET /v2/models/{model}` says of a model.
package struct ModelMetadata: Sendable, Decodable, Equatable {
    /// One input.
    package struct Tensor: Sendable, Decodable, Equatable {
        package var name: String
        package var datatype: String
        /// -1 = any size; some servers leave it out where any rank will do.
        package var shape: [Int]

        package init(name: String, datatype: String, shape: [Int]) {
            self.name = name
            self.datatype = datatype
            self.shape = shape
        }

        enum CodingKeys: CodingKey {
            case name, datatype, shape
        }

        package init(from decoder: any Decoder) throws {
            let values = try decoder.container(keyedBy: CodingKeys.self)
            name = try values.decode(String.self, forKey: .name)
            datatype = try values.decode(String.self, forKey: .datatype)
            shape = try values.decodeIfPresent([Int].self, forKey: .shape) ?? []
        }
    }

    package var name: String
    package var inputs: [Tensor]

    package init(name: String, inputs: [Tensor]) {
        self.name = name
        self.inputs = inputs
    }

    /// Reads the document.
    package init(json: [UInt8]) throws(BenchError) {
        do {
            self = try JSONDecoder().decode(ModelMetadata.self, from: Data(json))
        } catch {
            throw BenchError("the server's model metadata can't be read: \(error)")
        }
    }
}
