//! @NAME@ - answers every number of `x`, times `factor`, as `y`. Change what `load` reads, what `info` declares and what
//! `infer` computes. sluice.zig beside this file is the contract, sluice_plugin.h, in Zig.
const std = @import("std");
const sluice = @import("sluice.zig");

const Multiply = struct {
    factor: f32 = 2,

    const inputs = [_]sluice.TensorSpec{.of(f32, "x", &.{-1}, "numbers")};
    const outputs = [_]sluice.TensorSpec{.of(f32, "y", &.{-1}, "the numbers, multiplied")};
    pub const info = sluice.ModelInfo{
        .inputs = &inputs,
        .input_count = inputs.len,
        .outputs = &outputs,
        .output_count = outputs.len,
        .max_concurrency = 8,
        .flags = sluice.model_deterministic,
    };

    pub fn load(options: []const sluice.KV, err: *sluice.Error) !Multiply {
        var model = Multiply{};
        for (options) |option| {
            const key = std.mem.span(option.key);
            if (!std.mem.eql(u8, key, "factor"))
                return err.fail(sluice.invalid_argument, "unknown setting \"{s}\"", .{key});
            model.factor = std.fmt.parseFloat(f32, std.mem.span(option.value)) catch
                return err.fail(sluice.invalid_argument, "factor is not a number: \"{s}\"", .{option.value});
        }
        return model;
    }

    pub fn infer(self: *const Multiply, request: *const sluice.Request, err: *sluice.Error) !void {
        const x = request.input(f32, 0);
        const shape = [_]i64{@intCast(x.len)};
        const y = try request.newOutput(f32, "y", &shape, err);
        for (x, y.values) |number, *product| product.* = self.factor * number;
        var answer = [_]sluice.Tensor{y.tensor};
        request.respond(&answer);
    }
};

const plugin = sluice.plugin(Multiply, "org.example.@NAME@", "0.1.0", "Multiplies numbers");

export fn sluice_plugin_v1(_: *const sluice.Host, _: *sluice.Error) *const sluice.Plugin {
    return &plugin;
}
