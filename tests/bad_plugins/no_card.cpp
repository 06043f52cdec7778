// Some shared library that strayed into the folder.
extern "C" void vaso_plugin_entry(void*) {}
