internal import Codecs
internal import Fetching
internal import PluginHost
internal import Policies
internal import Routing
internal import Tensors

/// The files of one document on their way to become tensors, one after the other: a request takes no more of a decoder than
/// any other does.
struct FileDecoding {
    /// Everything else that the document said.
    var envelope: Envelope
    let attempts: Attempts
    /// What is still to be decoded, the last one first.
    private(set) var waiting: [(input: String, file: FileInput.File)] = []
    /// What has been made so far, each input's own rows together.
    private var made: [(input: String, tensors: [Tensor])] = []
    private var madeBytes = 0
    /// Bytes of those that were fetched.
    private(set) var fetchedBytes = 0
    /// That of the fetched file which is being decoded.
    private var place: FetchPlaces.Place?

    /// What all of them together may become, as much as a single one may.
    private static let maximumBytes = 256 << 20

    init(_ files: [FileInput], envelope: Envelope, attempts: Attempts) {
        self.envelope = envelope
        self.attempts = attempts
        for input in files { waiting += input.files.map { (input.name, $0) } }
        waiting.reverse()
    }

    /// A file that was elsewhere is here now, and the next one to be decoded.
    mutating func put(_ file: FileInput.File, of input: String, at place: FetchPlaces.Place?) {
        self.place = place
        fetchedBytes += file.bytes.count
        waiting.append((input, file))
    }

    /// The next file.
    mutating func next() -> (input: String, file: FileInput.File)? { waiting.popLast() }

    /// Keeps what a file has become.
    ///
    /// - Throws: `invalid_input` where that is too much.
    mutating func keep(_ tensor: Tensor, as input: String, media: Envelope.Media) throws(SluiceError) {
        place?.leave()
        madeBytes += tensor.byteCount
        guard madeBytes <= Self.maximumBytes else {
            throw SluiceError(
                .invalidInput,
                "input \"\(input)\": the files become more than \(Self.maximumBytes) bytes; send fewer of them",
                detail: [.init("input", input)])
        }
        if made.last?.input == input {
            made[made.count - 1].tensors.append(tensor)
        } else {
            made.append((input, [tensor]))
        }
        envelope.media.pixels += media.pixels
        envelope.media.audioSeconds += media.audioSeconds
    }

    /// The request's tensors, once all files have been decoded.
    ///
    /// - Throws: `invalid_input` where the files of an input aren't rows of one tensor.
    func finish(_ signature: ModelSignature) throws(SluiceError) -> Envelope {
        var envelope = envelope
        for (input, tensors) in made {
            guard let joined = tensors.count == 1 ? tensors[0] : Tensor.joining(tensors) else {
                let shapes = tensors.prefix(8).map { Shape.text($0.shape) }.joined(separator: ", ")
                throw SluiceError(
                    .invalidInput,
                    "input \"\(input)\": the files become tensors of shapes \(shapes), which are no rows of one tensor",
                    detail: [.init("input", input)])
            }
            envelope.inputs.append(joined)
        }
        let inputs = envelope.inputs
        envelope.inputs = signature.inputs.compactMap { spec in inputs.first { $0.name == spec.name } }
        try signature.validate(envelope.inputs)
        return envelope
    }
}

extension Inference {
    /// Has the files of a document decoded; the request goes on when they have all become tensors.
    func decode(_ files: [FileInput], of envelope: Envelope, _ attempts: Attempts) throws(SluiceError) {
        try decodeNext(FileDecoding(files, envelope: envelope, attempts: attempts))
    }

    func decodeNext(_ decoding: FileDecoding) throws(SluiceError) {
        var decoding = decoding
        guard let (input, file) = decoding.next() else {
            guard let signature else { return }
            return proceed(with: try decoding.finish(signature), decoding.attempts)
        }
        if let url = file.url { return try fetch(url, type: file.mediaType, of: input, decoding) }
        guard file.bytes.count > 0 else {
            throw SluiceError(.invalidInput, "input \"\(input)\": the file is empty", detail: [.init("input", input)])
        }
        try startDecoding(file.bytes, type: file.mediaType, input: input, attempts: decoding.attempts, files: decoding)
    }

    /// One of them has become a tensor.
    func fileDecoded(_ tensor: Tensor, media: Envelope.Media, input: String, _ files: FileDecoding) throws(SluiceError)
    {
        var files = files
        try files.keep(tensor, as: input, media: media)
        try decodeNext(files)
    }
}
