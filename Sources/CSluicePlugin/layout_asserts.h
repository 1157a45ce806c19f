/* The layout that released plugins were compiled against, asserted where the header is compiled as C and as C++. */
#include "sluice_plugin.h"

#define AT(type, field, offset) \
  static_assert(offsetof(type, field) == (offset), #type "." #field " has moved: plugins in the field would break")
#define SIZE(type, bytes) static_assert(sizeof(type) == (bytes), #type " has changed its size")

SIZE(sluice_error, 512);
AT(sluice_error, message, 4);

SIZE(sluice_dtype, 4);
SIZE(sluice_tensor, 96);
/* The DLTensor of DLPack 1.0: data 0, device 8, ndim 16, dtype 20, shape 24, strides 32, byte_offset 40. */
AT(sluice_tensor, data, 0);
AT(sluice_tensor, device_type, 8);
AT(sluice_tensor, device_id, 12);
AT(sluice_tensor, ndim, 16);
AT(sluice_tensor, dtype, 20);
AT(sluice_tensor, shape, 24);
AT(sluice_tensor, strides, 32);
AT(sluice_tensor, byte_offset, 40);
AT(sluice_tensor, name, 48);
AT(sluice_tensor, byte_size, 56);
AT(sluice_tensor, offsets, 64);
AT(sluice_tensor, release, 72);
AT(sluice_tensor, owner, 80);
AT(sluice_tensor, reserved, 88);

SIZE(sluice_kv, 16);
SIZE(sluice_tensor_spec, 56);
AT(sluice_tensor_spec, dtype, 8);
AT(sluice_tensor_spec, ndim, 12);
AT(sluice_tensor_spec, shape, 16);
AT(sluice_tensor_spec, summary, 24);

AT(sluice_load_args, model, 8);
AT(sluice_load_args, version, 16);
AT(sluice_load_args, path, 24);
AT(sluice_load_args, config_json, 32);
AT(sluice_load_args, options, 40);
AT(sluice_load_args, option_count, 48);

AT(sluice_request, host, 8);
AT(sluice_request, id, 16);
AT(sluice_request, deadline_ns, 24);
AT(sluice_request, inputs, 32);
AT(sluice_request, input_count, 40);
AT(sluice_request, params, 48);
AT(sluice_request, wanted, 64);
AT(sluice_request, labels, 80);
AT(sluice_request, subject_id, 96);
AT(sluice_request, weight, 104);
AT(sluice_request, sequence_id, 112);
AT(sluice_request, sequence_flags, 120);
AT(sluice_request, priority, 124);

AT(sluice_response, outputs, 8);
AT(sluice_response, output_count, 16);
AT(sluice_response, flags, 24);
AT(sluice_response, error, 32);
AT(sluice_response, params, 40);

AT(sluice_model_info, inputs, 8);
AT(sluice_model_info, outputs, 24);
AT(sluice_model_info, batching, 40);
AT(sluice_model_info, max_batch_rows, 44);
AT(sluice_model_info, max_concurrency, 48);
AT(sluice_model_info, flags, 52);
AT(sluice_model_info, memory_bytes, 56);
AT(sluice_model_info, platform, 64);
AT(sluice_model_info, metadata, 72);

AT(sluice_host, abi_minor, 8);
AT(sluice_host, name, 16);
AT(sluice_host, context, 32);
AT(sluice_host, log, 40);
AT(sluice_host, now_ns, 48);
AT(sluice_host, alloc, 56);
AT(sluice_host, free, 64);
AT(sluice_host, metric, 72);
AT(sluice_host, observe, 80);
AT(sluice_host, is_cancelled, 88);
AT(sluice_host, new_output, 96);
AT(sluice_host, respond, 104);
AT(sluice_host, extension, 112);

AT(sluice_plugin, abi_minor, 8);
AT(sluice_plugin, tensor_size, 12);
AT(sluice_plugin, id, 16);
AT(sluice_plugin, content_types, 40);
AT(sluice_plugin, load, 48);
AT(sluice_plugin, unload, 56);
AT(sluice_plugin, describe, 64);
AT(sluice_plugin, infer, 72);
AT(sluice_plugin, learn, 80);
AT(sluice_plugin, decode, 88);
AT(sluice_plugin, encode, 96);
AT(sluice_plugin, extension, 104);
AT(sluice_plugin, warmup, 112);

SIZE(sluice_state, 16);
