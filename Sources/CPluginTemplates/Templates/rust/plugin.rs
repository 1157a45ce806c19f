//! @NAME@ - answers every number of `x`, times `factor`, as `y`. Change what `load` reads, what `INFO` declares and
//! what `infer` computes. sluice.rs beside this file is the contract, sluice_plugin.h, in Rust.
mod sluice;
use sluice::*;

struct Multiply { factor: f32 }

static INPUTS: [TensorSpec; 1] = [TensorSpec::new::<f32>(c"x", &[-1], c"numbers")];
static OUTPUTS: [TensorSpec; 1] = [TensorSpec::new::<f32>(c"y", &[-1], c"the numbers, multiplied")];
static INFO: ModelInfo = ModelInfo::new(&INPUTS, &OUTPUTS, 8, MODEL_DETERMINISTIC);

impl Model for Multiply {
    fn load(options: &[(&str, &str)]) -> Result<Self, Failure> {
        let mut model = Multiply { factor: 2.0 };
        for (key, value) in options {
            match *key {
                "factor" => {
                    model.factor = value
                        .parse()
                        .map_err(|_| (INVALID_ARGUMENT, format!("factor is not a number: {value:?}")))?
                }
                _ => return Err((INVALID_ARGUMENT, format!("unknown setting {key:?}"))),
            }
        }
        Ok(model)
    }

    fn describe(&self) -> &'static ModelInfo { &INFO }

    fn infer(&self, request: &Request) -> Result<(), Failure> {
        let x: &[f32] = request.input(0);
        request.respond(c"y", &[x.len() as i64], |y: &mut [f32]| {
            for (y, x) in y.iter_mut().zip(x) { *y = self.factor * x; }
        })
    }
}

static PLUGIN: Plugin<Multiply> = plugin(c"org.example.@NAME@", c"0.1.0", c"Multiplies numbers");

#[no_mangle]
extern "C" fn sluice_plugin_v1(_: *const Host, _: *mut Error) -> *const Plugin<Multiply> { &PLUGIN }
