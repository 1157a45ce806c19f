@testable import Configuration
import Testing

@Suite struct BlockTests {
    @Test func everyBlockIsListedOnceWithKeysThatDiffer() {
        #expect(Set(Block.all.map(\.path)).count == Block.all.count)
        for block in Block.all {
            #expect(!block.keys.isEmpty)
            #expect(Set(block.keys.map(\.name)).count == block.keys.count, "\(block.path)")
        }
    }

    /// The reference is written by hand, so that it reads well; this keeps it whole.
    @Test func theReferenceNamesEveryKeyWithItsDefault() throws {
        let reference = try RepositoryFile.text("docs/gateway-yaml.md")
        for block in Block.all {
            let title = block.path.isEmpty ? "## The file" : "## `\(block.path)`"
            let section = try #require(
                reference.split(separator: "\n\(title)\n").dropFirst().first?.split(separator: "\n## ").first,
                "\(title)")
            for key in block.keys {
                let row = section.split(separator: "\n").first { $0.hasPrefix("| `\(key.name)` |") }
                let cells = try #require(row, "\(key.name) in \(title)")
                #expect(cells.contains(key.isRequired ? "| required |" : "| \(key.defaultText ?? "—") |"), "\(cells)")
            }
        }
    }

    /// A block that the schema doesn't lead to would be keys that an editor doesn't know.
    @Test func theSchemaLeadsFromTheFileToEveryBlock() {
        var met: Set<String> = []
        func follow(_ path: String) {
            guard met.insert(path).inserted, let block = Block.all.first(where: { $0.path == path }) else { return }
            for key in block.keys where key.form.hasBlock {
                let next = ConfigurationSchema.path(of: key.name, in: path)
                #expect(next != nil, "\(key.name) in \(path) has no block")
                if let next { follow(next) }
            }
        }
        follow("")
        #expect(Set(Block.all.map(\.path)).subtracting(met) == [])
    }

    /// `defaultText` is for people; this holds it to what really happens.
    @Test func whatTheDefaultsSayIsWhatLeavingThemOutMeans() throws {
        func text(_ block: Block) -> String {
            let literal = block.keys.filter { key in
                guard let text = key.defaultText else { return false }
                return !text.contains { $0 == " " || $0 == "`" } || text.hasPrefix("[")
            }
            return literal.map { ", \($0.name): \($0.defaultText ?? "")" }.joined()
        }
        let written = """
            version: 1
            listeners:
              public:
                { address: "127.0.0.1:8080"\(text(ListenerBlock.block)), timeouts: { \(text(TimeoutsBlock.block).dropFirst(2)) } }
            models:
              echo: { plugin: echo\(text(ModelBlock.block)) }
            auth: none
            routes: [{ match: { model: echo }, send: echo\(text(RouteBlock.block)) }]
            observability: { \(text(ObservabilityBlock.block).dropFirst(2)) }
            drain: \(GatewayBlock.drain.defaultText ?? "")
            max_inflight: \(GatewayBlock.maxInflight.defaultText ?? "")
            """
        #expect(written.contains("max_body: 64MiB") && written.contains("idle: 75s") && written.contains("queue: 256"))
        #expect(written.contains("deadline: 30s") && written.contains("log_level: info"))
        let outcome = ConfigurationLoader().load(written, context: .test)
        #expect(outcome.diagnostics.map(\.brief) == [])
        let explicit = try #require(outcome.configuration)
        let implied = try #require(ConfigurationLoader().load(GatewayText().text, context: .test).configuration)
        #expect(explicit.listeners == implied.listeners)
        #expect(explicit.models.map(\.withoutPlace) == implied.models.map(\.withoutPlace))
        #expect(explicit.routes.map(\.deadline) == implied.routes.map(\.deadline))
        #expect(explicit.observability == implied.observability)
        #expect(explicit.drain == implied.drain)
        #expect(explicit.maxInflight == implied.maxInflight)
    }
}

extension ValueForm {
    fileprivate var hasBlock: Bool {
        switch self {
        case .block: true
        case .list(let item, _), .names(let item, _): item.hasBlock
        case .either(let forms): forms.contains(where: \.hasBlock)
        default: false
        }
    }
}

extension ModelConfiguration {
    fileprivate var withoutPlace: ModelConfiguration {
        var model = self
        model.location = SourceLocation(line: 1, column: 1)
        return model
    }
}
