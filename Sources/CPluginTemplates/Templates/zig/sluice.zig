//! `sluice_plugin.h` in Zig: the same structs in the same order, and the little that turns a Zig struct into the table of
//! functions which the host calls. A wrong size would be refused when the plugin is loaded.
const std = @import("std");

pub const Status = i32;
pub const ok: Status = 0;
pub const invalid_argument: Status = 3;
pub const resource_exhausted: Status = 8;
pub const internal: Status = 13;
pub const final: u32 = 1;
pub const model_deterministic: u32 = 32;

const Text = [*:0]const u8;

pub const Error = extern struct {
    code: Status,
    message: [508]u8,

    /// Writes what went wrong, cut to fit; returns what the plugin's function returns.
    pub fn fail(self: *Error, code: Status, comptime format: []const u8, arguments: anytype) error{Failed} {
        self.code = code;
        var text: [self.message.len]u8 = undefined;
        const written = std.fmt.bufPrint(text[0 .. text.len - 1], format, arguments) catch text[0 .. text.len - 1];
        @memcpy(self.message[0..written.len], written);
        self.message[written.len] = 0;
        return error.Failed;
    }
};

pub const Dtype = extern struct { code: u8, bits: u8, lanes: u16 };

/// The tensor type whose elements are the Zig type `T`.
pub fn dtypeOf(comptime T: type) Dtype {
    const code = switch (@typeInfo(T)) {
        .int => |int| if (int.signedness == .signed) 0 else 1,
        .float => 2,
        else => @compileError("no tensor has elements of this type"),
    };
    return .{ .code = code, .bits = @bitSizeOf(T), .lanes = 1 };
}

pub const Tensor = extern struct {
    data: ?*anyopaque = null,
    device_type: i32 = 1,
    device_id: i32 = 0,
    ndim: i32,
    dtype: Dtype,
    shape: [*]const i64,
    strides: ?[*]const i64 = null,
    byte_offset: u64 = 0,
    name: Text,
    byte_size: u64,
    offsets: ?[*]const i64 = null,
    release: ?*const fn (*Tensor) callconv(.c) void = null,
    owner: ?*anyopaque = null,
    reserved: u64 = 0,
};

pub const KV = extern struct { key: Text, value: Text };

pub const LoadArgs = extern struct {
    struct_size: usize,
    model: Text,
    version: Text,
    path: Text,
    config_json: Text,
    options: ?[*]const KV,
    option_count: usize,
};

pub const Request = extern struct {
    struct_size: usize,
    host: *const Host,
    id: Text,
    deadline_ns: u64,
    inputs: [*]const Tensor,
    input_count: usize,
    params: ?[*]const KV,
    param_count: usize,
    wanted: ?[*]const Text,
    wanted_count: usize,
    labels: ?[*]const Tensor,
    label_count: usize,
    subject_id: ?Text,
    weight: f64,
    sequence_id: ?Text,
    sequence_flags: u32,
    priority: u32,

    /// The input of that place; the host has checked it against what the model declares.
    pub fn input(self: *const Request, comptime T: type, index: usize) []const T {
        const tensor = self.inputs[index];
        const data: [*]const T = @ptrCast(@alignCast(tensor.data orelse return &.{}));
        return data[0..@intCast(tensor.byte_size / @sizeOf(T))];
    }

    /// An output in the host's own memory, to be filled in and then given to `respond`.
    pub fn newOutput(self: *const Request, comptime T: type, name: Text, shape: []const i64, err: *Error) !Output(T) {
        var count: usize = 1;
        for (shape) |dimension| count *= @intCast(dimension);
        var tensor = Tensor{
            .name = name,
            .dtype = dtypeOf(T),
            .ndim = @intCast(shape.len),
            .shape = shape.ptr,
            .byte_size = count * @sizeOf(T),
        };
        const status = self.host.new_output(self, &tensor);
        if (status != ok) return err.fail(status, "no room for {s}", .{name});
        const data: ?[*]T = @ptrCast(@alignCast(tensor.data));
        return .{ .tensor = tensor, .values = if (data) |values| values[0..count] else &.{} };
    }

    /// The one and final answer. Anything but ok from the host means that the caller has gone: nothing is left to do.
    pub fn respond(self: *const Request, outputs: []Tensor) void {
        const response = Response{ .outputs = outputs.ptr, .output_count = outputs.len };
        _ = self.host.respond(self, &response);
    }
};

pub fn Output(comptime T: type) type {
    return struct { tensor: Tensor, values: []T };
}

pub const Response = extern struct {
    struct_size: usize = @sizeOf(Response),
    outputs: ?[*]Tensor = null,
    output_count: usize = 0,
    flags: u32 = final,
    err: ?*const Error = null,
    params: ?[*]const KV = null,
    param_count: usize = 0,
};

pub const TensorSpec = extern struct {
    name: Text,
    dtype: Dtype,
    ndim: i32,
    shape: [*]const i64,
    summary: ?Text,
    reserved: [3]u64 = @splat(0),

    /// A tensor with elements of `T`; -1 in the shape is any size.
    pub fn of(comptime T: type, name: Text, comptime shape: []const i64, summary: Text) TensorSpec {
        return .{ .name = name, .dtype = dtypeOf(T), .ndim = shape.len, .shape = shape.ptr, .summary = summary };
    }
};

pub const ModelInfo = extern struct {
    struct_size: usize = @sizeOf(ModelInfo),
    inputs: [*]const TensorSpec,
    input_count: usize,
    outputs: [*]const TensorSpec,
    output_count: usize,
    batching: i32 = 0,
    max_batch_rows: i32 = 0,
    max_concurrency: i32 = 1,
    flags: u32 = 0,
    memory_bytes: u64 = 0,
    platform: ?Text = null,
    metadata: ?[*]const KV = null,
    metadata_count: usize = 0,
};

pub const Host = extern struct {
    struct_size: usize,
    abi_minor: u32,
    log_level: u32,
    name: Text,
    version: Text,
    context: ?*anyopaque,
    log: *const fn (*const Host, i32, Text) callconv(.c) void,
    now_ns: *const fn (*const Host) callconv(.c) u64,
    alloc: *const fn (*const Host, usize, usize) callconv(.c) ?*anyopaque,
    free: *const fn (*const Host, ?*anyopaque) callconv(.c) void,
    metric: *const fn (*const Host, i32, Text, Text) callconv(.c) u32,
    observe: *const fn (*const Host, u32, f64) callconv(.c) void,
    is_cancelled: *const fn (*const Request) callconv(.c) i32,
    new_output: *const fn (*const Request, *Tensor) callconv(.c) Status,
    respond: *const fn (*const Request, *const Response) callconv(.c) Status,
    extension: *const fn (*const Host, Text) callconv(.c) ?*const anyopaque,
};

pub const BatchFn = fn (*anyopaque, [*]const *const Request, usize, *Error) callconv(.c) Status;

pub const Plugin = extern struct {
    struct_size: usize = @sizeOf(Plugin),
    abi_minor: u32 = 0,
    tensor_size: u32 = @sizeOf(Tensor),
    id: Text,
    version: Text,
    summary: Text,
    content_types: ?[*]const ?Text = null,
    load: *const fn (*const Host, *const LoadArgs, **anyopaque, *Error) callconv(.c) Status,
    unload: *const fn (*anyopaque) callconv(.c) void,
    describe: *const fn (*anyopaque) callconv(.c) *const ModelInfo,
    infer: ?*const BatchFn,
    learn: ?*const BatchFn = null,
    decode: ?*const BatchFn = null,
    encode: ?*const BatchFn = null,
    extension: ?*const fn (Text) callconv(.c) ?*const anyopaque = null,
    warmup: ?*const fn (*anyopaque, *Error) callconv(.c) Status = null,
};

/// What the host calls, around a struct with `info`, `load(options, err)` and `infer(request, err)`.
pub fn plugin(comptime Model: type, id: Text, version: Text, summary: Text) Plugin {
    const glue = struct {
        fn load(_: *const Host, args: *const LoadArgs, out: **anyopaque, err: *Error) callconv(.c) Status {
            const options = if (args.options) |options| options[0..args.option_count] else &.{};
            const model = std.heap.c_allocator.create(Model) catch {
                err.fail(resource_exhausted, "out of memory", .{}) catch {};
                return resource_exhausted;
            };
            model.* = Model.load(options, err) catch {
                std.heap.c_allocator.destroy(model);
                return err.code;
            };
            out.* = model;
            return ok;
        }

        fn unload(model: *anyopaque) callconv(.c) void {
            std.heap.c_allocator.destroy(@as(*Model, @ptrCast(@alignCast(model))));
        }

        fn describe(_: *anyopaque) callconv(.c) *const ModelInfo {
            return &Model.info;
        }

        fn infer(model: *anyopaque, requests: [*]const *const Request, _: usize, err: *Error) callconv(.c) Status {
            const self: *const Model = @ptrCast(@alignCast(model));
            self.infer(requests[0], err) catch return err.code;
            return ok;
        }
    };
    return .{
        .id = id,
        .version = version,
        .summary = summary,
        .load = glue.load,
        .unload = glue.unload,
        .describe = glue.describe,
        .infer = glue.infer,
    };
}
