import Testing

/// A plugin that breaks one rule on purpose, and what the kit must say of it.
struct Breach: Sendable, CustomTestStringConvertible {
    /// The file below the plugin folder, without `.so`.
    var file: String
    /// The rule that must fail.
    var rule: String
    /// What the report must say of it.
    var says: String
    /// Other rules that the same fault breaks; anything else that fails is a mistake of the kit.
    var also: Set<String>
    var options: [String]
    /// What the gateway prevents is only warned of.
    var isAdvice: Bool { ["input.missing", "input.unknown", "input.wrong-type", "input.wrong-shape"].contains(rule) }

    init(_ file: String, _ rule: String, _ says: String, also: Set<String> = [], _ options: [String] = []) {
        self.file = file.contains("/") ? file : "breaches/\(file)"
        self.rule = rule
        self.says = says
        self.also = also
        self.options = options
    }

    var testDescription: String { "\(file) breaks \(rule)" }
}

extension Breach {
    static let all: [Breach] =
        files + entries + loads + answers + inputs + outputs + batches + promises + offers + hosts + lives
        + manners

    private static let files: [Breach] = [
        Breach("broken/not_elf", "file.elf", "no ELF file: it begins with 54 68 69 73"),
        Breach("broken/no_symbol", "file.symbol", "it exports not_a_plugin"),
        Breach("broken/unresolved_symbol", "entry.opens", "a_function_that_is_nowhere"),
    ]

    private static let entries: [Breach] = [
        Breach("broken/refuses", "entry.accepts", "no flux capacitor"),
        Breach("broken/refuses_silently", "entry.accepts", "no reason"),
        Breach("broken/tiny_struct", "entry.struct-size", "4; ABI 1.0 has 120"),
        Breach("broken/small_struct", "entry.struct-size", "64; ABI 1.0 has 120"),
        Breach("broken/wrong_tensor_size", "entry.tensor-size", "88"),
        Breach("broken/missing_load", "entry.functions", "without load"),
        Breach("broken/missing_unload", "entry.functions", "without unload"),
        Breach("broken/missing_describe", "entry.functions", "without describe"),
        Breach("broken/missing_infer", "entry.functions", "without infer, decode or encode"),
        Breach("id_missing", "entry.texts", "no id"),
        Breach("codec_without_types", "entry.content-types", "no content_types"),
        Breach("table_changes", "entry.constant", "changed"),
    ]

    private static let loads: [Breach] = [
        Breach("broken/load_without_model", "load.works", "gave no model"),
        Breach("unload_crashes", "load.unload", "in unload()"),
        Breach(
            "config_trusted", "load.empty-config", "SIGSEGV, in load() with an empty configuration",
            also: ["load.bad-values"], ["--config", "{scale: 3}"]),
        Breach("load_refuses_silently", "load.unknown-setting", "no message", also: ["load.bad-values"]),
        Breach("load_overflows", "load.bad-values", "SIG"),
        Breach("describe_null", "describe.sane", "describe returned NULL"),
        Breach("describe_twice_the_same", "describe.sane", "two outputs are named \"OUTPUT0\""),
        Breach("describe_unknown_flags", "describe.fields", "reserved must be 0; unknown flags"),
        Breach("describe_moves", "describe.stable", "another pointer"),
        Breach("warmup_fails", "warmup.works", "it is too cold"),
    ]

    private static let answers: [Breach] = [
        Breach("never_answers", "answer.once", "no FINAL within 1.5 s", ["--patience", "1.5"]),
        Breach("hangs", "answer.once", "no end after 4 s, in infer() with INPUT0 FP32[1,4]", ["--patience", "1.5"]),
        Breach("crashes", "answer.once", "SIGSEGV, in infer() with INPUT0 FP32[1,4]"),
        Breach("exits", "answer.once", "exit code 3"),
        Breach("answers_twice", "answer.once", "a second FINAL"),
        Breach("answers_again_later", "answer.late", "a second FINAL", also: ["concurrent.calls"]),
        Breach("unload_too_early", "unload.works", "after unload(): a second FINAL", also: ["answer.late"]),
        Breach("error_after_answering", "answer.all-or-none", "that it had answered"),
        Breach("error_without_final", "answer.response", "an error in a response without FINAL"),
        Breach("streams_undeclared", "answer.response", "does not declare SLUICE_MODEL_STREAMS"),
        Breach("output_undeclared", "answer.outputs", "never declared an output \"OTHER\""),
        Breach("output_wrong_shape", "answer.outputs", "FP32[1,4,1], declared FP32[-1,4]"),
        Breach("output_wrong_type", "answer.outputs", "INT32[1,4], declared FP32[-1,4]"),
        Breach("output_short", "answer.outputs", "takes 16 bytes, and byte_size is 8"),
        Breach("output_null", "answer.outputs", "16 bytes and no data"),
        Breach("output_strides", "answer.outputs", "has strides"),
        Breach("output_left_out", "answer.outputs", "left out output \"SUM\""),
        Breach("wanted_ignored", "answer.wanted", "\"SUM\" alone: it left out output \"SUM\""),
        Breach("parameters_trusted", "answer.parameters", "SIG"),
        Breach("hang_up_ignored", "answer.hang-up", "after respond() had said that the caller is gone"),
        Breach("cancel_ignored", "answer.cancel", "after a cancellation", ["--stop-within", "0.5"]),
        Breach("deadline_ignored", "answer.deadline", "after the deadline", ["--stop-within", "0.5"]),
        Breach("error_without_text", "errors.text", "no message"),
        Breach("error_code_differs", "errors.text", "returned status 13, and its error says 3"),
    ]

    private static let inputs: [Breach] = [
        Breach("values_as_index", "input.values", "SIGSEGV"),
        Breach("empty_divides", "input.empty", "SIGFPE, in infer() with INPUT0 FP32[0,4]"),
        Breach("huge_on_stack", "input.huge", "SIGSEGV, in infer() with INPUT0 FP32[524288,4]"),
        Breach("bytes_as_text", "input.bytes", "SIGSEGV", also: ["input.bounds"], ["--only", "input."]),
        Breach("input_written", "input.read-only", "SIGSEGV"),
        // What lies beyond an input is somebody else's wherever nothing guards it: only the rules that do are asked.
        Breach("input_overread", "input.bounds", "SIGSEGV", ["--only", "input."]),
        Breach("input_missing_accepted", "input.missing", "without \"INPUT0\": answered"),
        Breach("input_unknown_crashes", "input.unknown", "NO_SUCH_INPUT"),
        Breach("type_trusted", "input.wrong-type", "SIGSEGV, in infer() with INPUT0 BOOL[33,4]"),
        Breach("shape_trusted", "input.wrong-shape", "SIGSEGV"),
    ]

    private static let outputs: [Breach] = [
        Breach("release_not_null", "output.release", "has not set tensor->release to NULL"),
        Breach("release_reuses", "output.release", "was written to after it had been handed over"),
        Breach(
            "release_of_refused", "output.release-refused", "SIGABRT", also: ["answer.hang-up", "answer.cancel"]),
        Breach("new_output_overflow", "output.new-output", "SIGSEGV"),
        Breach("new_output_unchecked", "output.no-memory", "SIGSEGV"),
    ]

    private static let batches: [Breach] = [
        Breach("batch_one_row", "batch.rows", "2 rows in, and \"OUTPUT0\" is [1,4]"),
        Breach("batch_mixes", "batch.concat", "differs between 3 rows and alone"),
        Breach("list_first_only", "batch.list", "the request of 2 rows: no answer", ["--patience", "1.5"]),
        Breach("list_gives_up", "batch.list-fault", "of which it had answered some"),
    ]

    private static let promises: [Breach] = [
        Breach("concurrent_shares", "concurrent.calls", "differs from the one that the same request got alone"),
        Breach("quick_later", "quick.immediate", "returned before FINAL"),
        Breach("quick_slow", "quick.fast", "µs at best"),
        Breach(
            "deterministic_counts", "deterministic.equal", "time 2 differs from the first",
            also: ["batch.concat", "concurrent.calls"]),
        Breach("sequence_trusts", "sequence.interleaved", "SIGSEGV"),
    ]

    private static let offers: [Breach] = [
        Breach("learn_trusts", "learn.once", "SIGSEGV, in learn()"),
        Breach("state_forgets", "state.round-trip", "the state is not the same"),
        Breach("state_trusts", "state.faults", "took half a state for a whole one"),
        Breach("extension_any", "extension.unknown", "it offers \"org.example.no-such/1\""),
        Breach("codec_trusts", "codec.decode", "SIGSEGV, in decode()"),
        Breach("codec_wrong_body", "codec.encode", "not one BYTES scalar named \"body\""),
    ]

    private static let hosts: [Breach] = [
        Breach("host_exact", "host.newer", "unknown struct_size"),
        Breach("metrics_trusted", "host.no-metrics", "SIGSEGV"),
        Breach("metric_name", "host.metrics", "\"calls total\"", also: ["host.no-metrics"]),
        Breach("alloc_trusted", "host.no-memory", "SIGSEGV, in load() without memory"),
        Breach("alloc_kept", "host.memory", "blocks are left"),
        Breach("one_model", "host.two-models", "the same model twice"),
        Breach("log_level", "host.log", "level 9"),
    ]

    private static let lives: [Breach] = [
        Breach("leaks_model", "life.memory", "the heap grows by", ["--only", "life"]),
        Breach(
            "leaks_threads", "life.threads", "threads more", also: ["life.memory"], ["--only", "life"]),
        Breach(
            "leaks_descriptors", "life.descriptors", "descriptors more", also: ["life.memory"], ["--only", "life"]),
        Breach("leaks_calls", "life.calls", "the heap grows by", also: ["life.memory"], ["--only", "life"]),
        Breach("crashes_at_end", "life.end", "SIGSEGV, at the end of the process", ["--only", "life"]),
        Breach(
            "quick_later", "modes.in-process", "quick returned before it answered", also: ["quick.immediate"],
            ["--only", "modes"]),
        Breach("priority_trusted", "fuzz.requests", "--fuzz-seed 1 --fuzz-first", ["--fuzz", "200", "--only", "fuzz"]),
    ]

    private static let manners: [Breach] = [
        Breach("handles_signals", "manners.signals", "SIGTERM"),
        Breach("sets_locale", "manners.locale", "C.UTF-8"),
        Breach("changes_directory", "manners.directory", "/ instead of"),
        Breach("sets_umask", "manners.umask", "0 instead of"),
        Breach("sets_environment", "manners.environment", "OMP_NUM_THREADS"),
        Breach("sets_rounding", "manners.floating-point", "rounding mode"),
        Breach("prints", "manners.output", "begin \"loading\""),
        Breach("closes_output", "manners.output", "closed a standard descriptor"),
    ]
}
