# The remote plugin, on libcurl and simdjson. Included by ../Makefile.

REMOTE_SOURCES := $(wildcard $(HERE)/remote/*.cpp)
REMOTE_OBJECTS := $(REMOTE_SOURCES:$(HERE)/%.cpp=$(OBJ)/%.o)
REMOTE_LIBRARIES := libcurl simdjson

.PHONY: remote
all: remote
remote: $(OUT)/libsluice_remote.so

$(OUT)/libsluice_remote.so: $(REMOTE_OBJECTS)
	@mkdir -p $(@D)
	$(CXX) $(CXX_FLAGS) $(CXX_LINK) $^ $(shell pkg-config --libs $(REMOTE_LIBRARIES)) -o $@

$(OBJ)/remote/%.o: $(HERE)/remote/%.cpp
	@mkdir -p $(@D)
	$(CXX) $(CXX_FLAGS) $(shell pkg-config --cflags $(REMOTE_LIBRARIES)) -c $< -o $@
