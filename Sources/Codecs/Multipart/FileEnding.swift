/// What files are by the endings of their names, for clients that call everything `application/octet-stream`.
enum FileEnding {
    static let mediaTypes: [String: MediaType] = [
        "npy": MediaType(type: "application", subtype: "x-npy"), "csv": MediaType(type: "text", subtype: "csv"),
        "json": MediaType(type: "application", subtype: "json"), "xml": MediaType(type: "application", subtype: "xml"),
        "safetensors": MediaType(type: "application", subtype: "x-safetensors"),
        "txt": MediaType(type: "text", subtype: "plain"),
        "png": MediaType(type: "image", subtype: "png"), "jpg": MediaType(type: "image", subtype: "jpeg"),
        "jpeg": MediaType(type: "image", subtype: "jpeg"), "webp": MediaType(type: "image", subtype: "webp"),
        "gif": MediaType(type: "image", subtype: "gif"), "bmp": MediaType(type: "image", subtype: "bmp"),
        "tif": MediaType(type: "image", subtype: "tiff"), "tiff": MediaType(type: "image", subtype: "tiff"),
        "wav": MediaType(type: "audio", subtype: "wav"), "flac": MediaType(type: "audio", subtype: "flac"),
        "mp3": MediaType(type: "audio", subtype: "mpeg"), "ogg": MediaType(type: "audio", subtype: "ogg"),
        "opus": MediaType(type: "audio", subtype: "ogg"), "aac": MediaType(type: "audio", subtype: "aac"),
        "m4a": MediaType(type: "audio", subtype: "mp4"), "mp4": MediaType(type: "video", subtype: "mp4"),
        "mov": MediaType(type: "video", subtype: "quicktime"), "webm": MediaType(type: "video", subtype: "webm"),
        "mkv": MediaType(type: "video", subtype: "x-matroska"),
    ]
}
