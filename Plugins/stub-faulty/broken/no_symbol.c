/* A shared object that is no plugin: sluice_plugin_v1 is not exported. */
__attribute__((visibility("default"))) int not_a_plugin(void);
int not_a_plugin(void) { return 1; }
