//! `sluice_plugin.h` in Rust: the same structs in the same order, and the few lines of unsafe code that a plugin needs.
//! A wrong size would be refused when the plugin is loaded.
#![allow(dead_code)]
use std::ffi::{c_char, c_void, CStr};
use std::panic::{catch_unwind, AssertUnwindSafe};

pub type Status = i32;
pub const OK: Status = 0;
pub const INVALID_ARGUMENT: Status = 3;
pub const RESOURCE_EXHAUSTED: Status = 8;
pub const INTERNAL: Status = 13;
pub const FINAL: u32 = 1;
pub const MODEL_DETERMINISTIC: u32 = 32;

#[repr(C)]
pub struct Error { pub code: Status, pub message: [u8; 508] }

#[repr(C)]
#[derive(Clone, Copy, PartialEq)]
pub struct Dtype { pub code: u8, pub bits: u8, pub lanes: u16 }

/// A Rust type that is a tensor's element as it is.
pub trait Element: Copy { const DTYPE: Dtype; }
macro_rules! elements {
    ($($type:ty, $code:literal;)*) => {
        $(impl Element for $type {
            const DTYPE: Dtype = Dtype { code: $code, bits: 8 * size_of::<$type>() as u8, lanes: 1 };
        })*
    };
}
elements! { i8, 0; i16, 0; i32, 0; i64, 0; u8, 1; u16, 1; u32, 1; u64, 1; f32, 2; f64, 2; }

#[repr(C)]
pub struct Tensor {
    pub data: *mut c_void, pub device_type: i32, pub device_id: i32, pub ndim: i32, pub dtype: Dtype,
    pub shape: *const i64, pub strides: *const i64, pub byte_offset: u64, pub name: *const c_char, pub byte_size: u64,
    pub offsets: *const i64, pub release: Option<extern "C" fn(*mut Tensor)>, pub owner: *mut c_void, pub reserved: u64,
}

#[repr(C)]
pub struct KV { pub key: *const c_char, pub value: *const c_char }

#[repr(C)]
pub struct LoadArgs {
    pub struct_size: usize, pub model: *const c_char, pub version: *const c_char, pub path: *const c_char,
    pub config_json: *const c_char, pub options: *const KV, pub option_count: usize,
}

#[repr(C)]
pub struct Request {
    pub struct_size: usize, pub host: *const Host, pub id: *const c_char, pub deadline_ns: u64,
    pub inputs: *const Tensor, pub input_count: usize, pub params: *const KV, pub param_count: usize,
    pub wanted: *const *const c_char, pub wanted_count: usize, pub labels: *const Tensor, pub label_count: usize,
    pub subject_id: *const c_char, pub weight: f64, pub sequence_id: *const c_char, pub sequence_flags: u32,
    pub priority: u32,
}

#[repr(C)]
pub struct Response {
    pub struct_size: usize, pub outputs: *mut Tensor, pub output_count: usize, pub flags: u32,
    pub error: *const Error, pub params: *const KV, pub param_count: usize,
}

#[repr(C)]
pub struct TensorSpec {
    pub name: *const c_char, pub dtype: Dtype, pub ndim: i32, pub shape: *const i64, pub summary: *const c_char,
    pub reserved: [u64; 3],
}
impl TensorSpec {
    /// A tensor of one data type; -1 in the shape is any size.
    pub const fn new<T: Element>(name: &'static CStr, shape: &'static [i64], summary: &'static CStr) -> TensorSpec {
        let ndim = shape.len() as i32;
        let (name, shape, summary) = (name.as_ptr(), shape.as_ptr(), summary.as_ptr());
        TensorSpec { name, dtype: T::DTYPE, ndim, shape, summary, reserved: [0; 3] }
    }
}

#[repr(C)]
pub struct ModelInfo {
    pub struct_size: usize, pub inputs: *const TensorSpec, pub input_count: usize, pub outputs: *const TensorSpec,
    pub output_count: usize, pub batching: i32, pub max_batch_rows: i32, pub max_concurrency: i32, pub flags: u32,
    pub memory_bytes: u64, pub platform: *const c_char, pub metadata: *const KV, pub metadata_count: usize,
}
impl ModelInfo {
    /// Without batching, for up to `max_concurrency` calls at once.
    pub const fn new(
        inputs: &'static [TensorSpec], outputs: &'static [TensorSpec], max_concurrency: i32, flags: u32,
    ) -> ModelInfo {
        ModelInfo {
            struct_size: size_of::<ModelInfo>(), inputs: inputs.as_ptr(), input_count: inputs.len(),
            outputs: outputs.as_ptr(), output_count: outputs.len(), batching: 0, max_batch_rows: 0, max_concurrency,
            flags, memory_bytes: 0, platform: std::ptr::null(), metadata: std::ptr::null(), metadata_count: 0,
        }
    }
}

#[repr(C)]
pub struct Host {
    pub struct_size: usize, pub abi_minor: u32, pub log_level: u32, pub name: *const c_char, pub version: *const c_char,
    pub context: *mut c_void, pub log: extern "C" fn(*const Host, i32, *const c_char),
    pub now_ns: extern "C" fn(*const Host) -> u64, pub alloc: extern "C" fn(*const Host, usize, usize) -> *mut c_void,
    pub free: extern "C" fn(*const Host, *mut c_void),
    pub metric: extern "C" fn(*const Host, i32, *const c_char, *const c_char) -> u32,
    pub observe: extern "C" fn(*const Host, u32, f64), pub is_cancelled: extern "C" fn(*const Request) -> i32,
    pub new_output: extern "C" fn(*const Request, *mut Tensor) -> Status,
    pub respond: extern "C" fn(*const Request, *const Response) -> Status,
    pub extension: extern "C" fn(*const Host, *const c_char) -> *const c_void,
}

pub type BatchFn<M> = extern "C" fn(*mut M, *const *const Request, usize, *mut Error) -> Status;
pub type UnusedFn = Option<extern "C" fn()>;
#[repr(C)]
pub struct Plugin<M> {
    pub struct_size: usize, pub abi_minor: u32, pub tensor_size: u32, pub id: *const c_char, pub version: *const c_char,
    pub summary: *const c_char, pub content_types: *const *const c_char,
    pub load: extern "C" fn(*const Host, *const LoadArgs, *mut *mut M, *mut Error) -> Status,
    pub unload: extern "C" fn(*mut M), pub describe: extern "C" fn(*mut M) -> *const ModelInfo, pub infer: BatchFn<M>,
    pub learn: Option<BatchFn<M>>, pub decode: UnusedFn, pub encode: UnusedFn, pub extension: UnusedFn,
    pub warmup: Option<extern "C" fn(*mut M, *mut Error) -> Status>,
}
// The tables are constant for the life of the process; their pointers lead to other constants.
unsafe impl Sync for TensorSpec {}
unsafe impl Sync for ModelInfo {}
unsafe impl<M> Sync for Plugin<M> {}

/// What went wrong, for the caller.
pub type Failure = (Status, String);

/// What a plugin is made of; `plugin` makes of it the table that the host calls. `Sync`: `infer` runs on many threads.
pub trait Model: Sized + Send + Sync {
    fn load(options: &[(&str, &str)]) -> Result<Self, Failure>;
    fn describe(&self) -> &'static ModelInfo;
    fn infer(&self, request: &Request) -> Result<(), Failure>;
}

pub const fn plugin<M: Model>(id: &'static CStr, version: &'static CStr, summary: &'static CStr) -> Plugin<M> {
    Plugin {
        struct_size: size_of::<Plugin<M>>(), abi_minor: 0, tensor_size: size_of::<Tensor>() as u32, id: id.as_ptr(),
        version: version.as_ptr(), summary: summary.as_ptr(), content_types: std::ptr::null(), load: load::<M>,
        unload: unload::<M>, describe: describe::<M>, infer: infer::<M>, learn: None, decode: None, encode: None,
        extension: None, warmup: None,
    }
}

impl Request {
    /// The input of that place; the host has checked it against what the model declares.
    pub fn input<T: Element>(&self, index: usize) -> &[T] {
        let tensor = unsafe { &std::slice::from_raw_parts(self.inputs, self.input_count)[index] };
        assert!(tensor.dtype == T::DTYPE, "the input is declared with another type");
        let count = tensor.byte_size as usize / size_of::<T>();
        if count == 0 { return &[]; }
        unsafe { std::slice::from_raw_parts(tensor.data as *const T, count) }
    }

    /// Answers with one output in the host's own memory, which `fill` writes.
    pub fn respond<T: Element>(
        &self, name: &CStr, shape: &[i64], fill: impl FnOnce(&mut [T]),
    ) -> Result<(), Failure> {
        let count = shape.iter().product::<i64>() as usize;
        let mut output = Tensor {
            data: std::ptr::null_mut(), device_type: 1, device_id: 0, ndim: shape.len() as i32, dtype: T::DTYPE,
            shape: shape.as_ptr(), strides: std::ptr::null(), byte_offset: 0, name: name.as_ptr(),
            byte_size: (count * size_of::<T>()) as u64, offsets: std::ptr::null(), release: None,
            owner: std::ptr::null_mut(), reserved: 0,
        };
        let host = unsafe { &*self.host };
        let status = (host.new_output)(self, &mut output);
        if status != OK { return Err((status, format!("no room for {name:?}"))); }
        if count > 0 { fill(unsafe { std::slice::from_raw_parts_mut(output.data as *mut T, count) }); }
        let response = Response {
            struct_size: size_of::<Response>(), outputs: &mut output, output_count: 1, flags: FINAL,
            error: std::ptr::null(), params: std::ptr::null(), param_count: 0,
        };
        (host.respond)(self, &response); // anything but OK: the caller has gone, and nothing is left to do
        Ok(())
    }
}

/// Runs `body`; no panic gets past here.
fn guarded(error: *mut Error, body: impl FnOnce() -> Result<(), Failure>) -> Status {
    let result = catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|_| Err((INTERNAL, "the plugin panicked".into())));
    let Err((code, text)) = result else { return OK };
    if let Some(error) = unsafe { error.as_mut() } {
        error.code = code;
        let mut length = text.len().min(error.message.len() - 1);
        while !text.is_char_boundary(length) { length -= 1; }
        error.message[..length].copy_from_slice(&text.as_bytes()[..length]);
        error.message[length] = 0;
    }
    code
}

unsafe fn text<'a>(pointer: *const c_char) -> &'a str {
    unsafe { CStr::from_ptr(pointer) }.to_str().unwrap_or("\u{FFFD}")
}

extern "C" fn load<M: Model>(_: *const Host, args: *const LoadArgs, out: *mut *mut M, error: *mut Error) -> Status {
    guarded(error, || unsafe {
        let args = &*args;
        let pairs = (0..args.option_count).map(|index| &*args.options.add(index));
        let options: Vec<(&str, &str)> = pairs.map(|pair| (text(pair.key), text(pair.value))).collect();
        *out = Box::into_raw(Box::new(M::load(&options)?));
        Ok(())
    })
}

extern "C" fn unload<M: Model>(model: *mut M) {
    guarded(std::ptr::null_mut(), || Ok(drop(unsafe { Box::from_raw(model) })));
}

extern "C" fn describe<M: Model>(model: *mut M) -> *const ModelInfo {
    catch_unwind(AssertUnwindSafe(|| unsafe { &*model }.describe())).map_or(std::ptr::null(), |info| info)
}

extern "C" fn infer<M: Model>(model: *mut M, requests: *const *const Request, _: usize, error: *mut Error) -> Status {
    guarded(error, || unsafe { (*model).infer(&**requests) })
}
