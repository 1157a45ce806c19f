// python - models written in Python, and scikit-learn's files. The user's side is runtime.py; README.md shows it.
#include <stdexcept>

#include "interpreter.h"
#include "model.h"
#include "options.h"

namespace {

std::string absolute(const sluice_load_args *args, const std::string &path) {
  return path.empty() || path[0] == '/' ? path : std::string(args->path) + "/" + path;
}

// No exception leaves the plugin: what is thrown becomes `code` and its text.
template <class Body> sluice_status guarded(sluice_error *error, sluice_status code, Body body) {
  try {
    body();
    return SLUICE_OK;
  } catch (const python::Raised &raised) {
    return fail(error, code, "%s", raised.text.c_str());
  } catch (const std::exception &problem) {
    return fail(error, code, "%s", problem.what());
  }
}

void require(sluice_status status, const sluice_error *error) {
  if (status != SLUICE_OK) throw std::runtime_error(error->message);
}

sluice_status load(const sluice_host *host, const sluice_load_args *args, sluice_model **out, sluice_error *error) {
  return guarded(error, SLUICE_INVALID_ARGUMENT, [&] {
    static const char *const known[] = {"file",    "class",    "settings",    "venv", "python",
                                        "trusted", "datatype", "copy_inputs", nullptr};
    require(options_refuse_unknown(args, known, error), error);
    int copy_inputs = 0;
    require(option_boolean(args, "copy_inputs", &copy_inputs, error), error);
    const char *file = option_text(args, "file", nullptr);
    if (file == nullptr) throw std::runtime_error("config.file is missing: the model.py, .joblib or .skops to serve");
    const std::string venv = absolute(args, option_text(args, "venv", ""));
    const std::string program = option_text(args, "python", "");
    if (!venv.empty() && !program.empty()) throw std::runtime_error("config has both venv and python: leave one out");

    const bool is_name = program.find('/') == std::string::npos;
    python::start(python::find_installation(venv, is_name ? program : absolute(args, program)));
    python::Locked lock; // outlives the model: what a failed load leaves is Python's
    auto model = std::make_unique<sluice_model>();
    model->host = host;
    python::Ref arguments =
        python::tuple(python::text(absolute(args, file)), python::text(args->config_json), python::log_function(host));
    python::Object *function = python::item(python::runtime(), "_load");
    model->object = python::checked(python::api.PyObject_CallObject(function, arguments.get()));
    model->run = python::checked(python::api.PyObject_GetAttrString(model->object.get(), "run"));
    python::Ref declared = python::checked(python::api.PyObject_GetAttrString(model->object.get(), "description"));
    model->description = std::make_unique<python::Description>(declared.get());
    *out = model.release();
  });
}

// Calls a method of the runtime's model object that takes nothing.
void call_method(sluice_model *model, const char *name) {
  python::Ref method = python::checked(python::api.PyObject_GetAttrString(model->object.get(), name));
  python::checked(python::api.PyObject_CallObject(method.get(), nullptr));
}

sluice_status warmup(sluice_model *model, sluice_error *error) {
  return guarded(error, SLUICE_INTERNAL, [&] {
    python::Locked lock;
    call_method(model, "warm_up");
  });
}

void unload(sluice_model *model) {
  guarded(nullptr, SLUICE_INTERNAL, [&] {
    python::Locked lock;
    call_method(model, "unload");
  });
  {
    python::Locked lock;
    model->run.reset();
    model->object.reset();
  }
  delete model; // ends the reaper's thread, which needs Python's lock for that
}

const sluice_model_info *describe(sluice_model *model) { return &model->description->info; }

sluice_status infer(sluice_model *model, const sluice_request *const *requests, size_t, sluice_error *error) {
  return python::serve(model, false, requests[0], error);
}

sluice_status learn(sluice_model *model, const sluice_request *const *requests, size_t, sluice_error *error) {
  return python::serve(model, true, requests[0], error);
}

}  // namespace

const sluice_plugin *sluice_plugin_v1(const sluice_host *, sluice_error *) {
  static const sluice_plugin plugin = {SLUICE_PLUGIN_HEAD, "dev.sluice.python", "1.0.0",
                                       "Models in Python, and scikit-learn's files", nullptr, load, unload, describe,
                                       infer, learn, nullptr, nullptr, nullptr, warmup};
  return &plugin;
}
