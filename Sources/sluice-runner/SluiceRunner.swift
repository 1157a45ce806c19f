internal import PluginHost

/// The program: see `RunnerProgram`.
@main
enum SluiceRunner {
    static func main() {
        RunnerProgram.run()
    }
}
