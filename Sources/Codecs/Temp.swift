package import Tensors
package struct JSONWriter { package init() {}
 package var bytes: [UInt8] = []
 package mutating func beginObject() {}
 package mutating func endObject() {}
 package mutating func beginArray() {}
 package mutating func endArray() {}
 package mutating func key(_ k: String) {}
 package mutating func string(_ k: String) {}
 package mutating func integer(_ k: Int) {}
 package mutating func bool(_ k: Bool) {}
 package mutating func member(_ k: String, _ v: String) {}
}
extension OpenInferenceCodec {
  package static func modelMetadata(name: String, versions: [String], platform: String, signature: ModelSignature) -> [UInt8] { [] }
  package static func serverMetadata(name: String, version: String, extensions: [String]) -> [UInt8] { [] }
}
