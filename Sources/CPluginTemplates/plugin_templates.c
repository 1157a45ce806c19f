/* The templates themselves are ordinary files below Templates, which the compiler copies in here: they stay readable,
 * editable and testable, and the program needs no folder beside it. */
#include "plugin_templates.h"

#pragma clang diagnostic ignored "-Wc23-extensions" /* #embed: Swift's clang has it in every C */

static const unsigned char header[] = {
#embed "../CSluicePlugin/include/sluice_plugin.h"
};

static const unsigned char common_gateway_yaml[] = {
#embed "Templates/common/gateway.yaml"
};
static const unsigned char common_readme_md[] = {
#embed "Templates/common/README.md"
};
static const unsigned char common_exports_map[] = {
#embed "Templates/common/exports.map"
};

static const unsigned char c_plugin_c[] = {
#embed "Templates/c/plugin.c"
};
static const unsigned char c_makefile[] = {
#embed "Templates/c/Makefile"
};

static const unsigned char cpp_plugin_cpp[] = {
#embed "Templates/cpp/plugin.cpp"
};
static const unsigned char cpp_makefile[] = {
#embed "Templates/cpp/Makefile"
};

static const unsigned char rust_plugin_rs[] = {
#embed "Templates/rust/plugin.rs"
};
static const unsigned char rust_sluice_rs[] = {
#embed "Templates/rust/sluice.rs"
};
static const unsigned char rust_makefile[] = {
#embed "Templates/rust/Makefile"
};

static const unsigned char swift_plugin_swift[] = {
#embed "Templates/swift/plugin.swift"
};
static const unsigned char swift_sluice_swift[] = {
#embed "Templates/swift/Sluice.swift"
};
static const unsigned char swift_module_modulemap[] = {
#embed "Templates/swift/module.modulemap"
};
static const unsigned char swift_makefile[] = {
#embed "Templates/swift/Makefile"
};

static const unsigned char zig_plugin_zig[] = {
#embed "Templates/zig/plugin.zig"
};
static const unsigned char zig_sluice_zig[] = {
#embed "Templates/zig/sluice.zig"
};
static const unsigned char zig_makefile[] = {
#embed "Templates/zig/Makefile"
};

static const unsigned char python_model_py[] = {
#embed "Templates/python/model.py"
};
static const unsigned char python_gateway_yaml[] = {
#embed "Templates/python/gateway.yaml"
};
static const unsigned char python_readme_md[] = {
#embed "Templates/python/README.md"
};

#define FILE_OF(language, name, text) {language, name, text, sizeof text}
#define COMMON(language)                                 \
  FILE_OF(language, "sluice_plugin.h", header),          \
  FILE_OF(language, "gateway.yaml", common_gateway_yaml), \
  FILE_OF(language, "README.md", common_readme_md)

static const plugin_template_file files[] = {
    FILE_OF("c", "plugin.c", c_plugin_c),
    FILE_OF("c", "Makefile", c_makefile),
    COMMON("c"),
    FILE_OF("cpp", "plugin.cpp", cpp_plugin_cpp),
    FILE_OF("cpp", "Makefile", cpp_makefile),
    FILE_OF("cpp", "exports.map", common_exports_map),
    COMMON("cpp"),
    FILE_OF("rust", "plugin.rs", rust_plugin_rs),
    FILE_OF("rust", "sluice.rs", rust_sluice_rs),
    FILE_OF("rust", "Makefile", rust_makefile),
    COMMON("rust"),
    FILE_OF("swift", "plugin.swift", swift_plugin_swift),
    FILE_OF("swift", "Sluice.swift", swift_sluice_swift),
    FILE_OF("swift", "module.modulemap", swift_module_modulemap),
    FILE_OF("swift", "Makefile", swift_makefile),
    FILE_OF("swift", "exports.map", common_exports_map),
    COMMON("swift"),
    FILE_OF("zig", "plugin.zig", zig_plugin_zig),
    FILE_OF("zig", "sluice.zig", zig_sluice_zig),
    FILE_OF("zig", "Makefile", zig_makefile),
    COMMON("zig"),
    FILE_OF("python", "model.py", python_model_py),
    FILE_OF("python", "gateway.yaml", python_gateway_yaml),
    FILE_OF("python", "README.md", python_readme_md),
};

const plugin_template_file *plugin_template_files(size_t *count) {
  *count = sizeof files / sizeof files[0];
  return files;
}
