package import Tensors
package struct JSONWriter { package init() {}
 package var bytes: [UInt8] = []
 package mutating func beginObject() {}
 package mutating func endObject() {}
 package mutating func beginArray() {}
 package mutating func endArray() {}
 package mutating func key(_ k: String) {}
 package mutating func string(_ k: String) {}
 package mutating func number(_ k: Int) {}
 package mutating func strings(_ k: [String]) {}
 package mutating func numbers(_ k: [Int]) {}
 package mutating func bool(_ k: Bool) {}
}
extension OpenInferenceCodec {
  package static func modelMetadata(name: String, versions: [String], platform: String, signature: ModelSignature) -> [UInt8] { [] }
  package static func serverMetadata(name: String, version: String, extensions: [String]) -> [UInt8] { [] }
}
package enum JSONCodec {
 static func decode(_ b: RequestBody, signature: ModelSignature) throws(SluiceError) -> CodecRegistry.Decoded { throw SluiceError(.internalError, "x") }
 static func encode(_ o: [Tensor], facts: CodecRegistry.AnswerFacts) throws(SluiceError) -> EncodedBody { throw SluiceError(.internalError, "x") }
 static func encodeLine(_ o: [Tensor], facts: CodecRegistry.AnswerFacts) throws(SluiceError) -> EncodedBody { throw SluiceError(.internalError, "x") }
 static func sample(for s: ModelSignature) -> EncodedBody? { nil }
}
