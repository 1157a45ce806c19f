/// What libyaml says about a text that is no YAML, in words that say what to do.
struct SyntaxFinding {
    let message: String
    let suggestion: String?
    let location: SourceLocation

    private static let endOfStream = "found unexpected end of stream"

    /// - Parameters:
    ///   - problem: libyaml's words for what is wrong at `location`.
    ///   - context: libyaml's words for what it was reading since `begin`.
    ///   - scalar: The character at `location`.
    init(
        problem: String, context: String, begin: SourceLocation?, location: SourceLocation, scalar: Unicode.Scalar?
    ) {
        let since = begin.map { $0.line == location.line ? "" : " that starts in line \($0.line)" } ?? ""
        self.location = problem == Self.endOfStream ? begin ?? location : location
        switch problem {
        case "found character that cannot start any token":
            let shown = scalar.map { quoted(String(Character($0))) } ?? "this"
            (message, suggestion) = ("text can't start with \(shown)", "write it in quotes")
        case "mapping values are not allowed in this context", "found unexpected ':'":
            (message, suggestion) = (
                "\":\" can't stand here", "check the indentation, or write text with \": \" in quotes"
            )
        case "could not find expected ':'":
            (message, suggestion) = ("expected \":\" after the key\(since)", nil)
        case "did not find expected ',' or '}'":
            (message, suggestion) = ("expected \",\" or \"}\" in the mapping\(since)", nil)
        case "did not find expected ',' or ']'":
            (message, suggestion) = ("expected \",\" or \"]\" in the list\(since)", nil)
        case "did not find expected key":
            (message, suggestion) = ("expected a key of the mapping\(since)", "check the indentation")
        case "did not find expected '-' indicator":
            (message, suggestion) = ("expected \"- \" as in the list\(since)", "check the indentation")
        case "block sequence entries are not allowed in this context":
            (message, suggestion) = ("\"- \" can't stand here", "start the list in a line of its own")
        case Self.endOfStream, "found unexpected document indicator":
            (message, suggestion) = ("the quoted text has no end", "close the quote")
        case _ where problem.hasPrefix("Maximum nesting level reached"):
            (message, suggestion) = ("the file nests deeper than \(Bounds.depth) levels", nil)
        case "found unknown escape character", "did not find expected hexdecimal number":
            (message, suggestion) = (
                "no such escape in quoted text", "write \\\\ for a backslash, or use single quotes"
            )
        case "but found another document":
            (message, suggestion) = ("a second document starts here; gateway.yaml is one", "remove this line")
        case "did not find expected <document start>":
            (message, suggestion) = ("the document has ended before this", "check the indentation")
        case "did not find expected node content":
            (message, suggestion) = ("a value is missing here", nil)
        default:
            let words = context.isEmpty ? problem : "\(context): \(problem)"
            (message, suggestion) = (words, nil)
        }
    }
}
