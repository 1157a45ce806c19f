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

# The reader of answers by itself: a table, and what fuzzing has found.
REPLY_TEST := $(OBJ)/remote/replies

.PHONY: test-remote-replies
test: test-remote-replies
test-remote-replies: $(REPLY_TEST)
	$(REPLY_TEST) $(HERE)/remote/fuzz/corpus

$(REPLY_TEST): $(HERE)/remote/reply.cpp $(HERE)/remote/fuzz/reply.cpp $(HERE)/remote/tests/replies.cpp $(HERE)/remote/reply.h
	@mkdir -p $(@D)
	$(CXX) -std=c++17 -O1 -g $(WARNINGS) $(INCLUDES) $(sanitize.$(SANITIZE)) $(filter %.cpp,$^) -o $@

# The same under libFuzzer, beginning with earlier findings.
REPLY_FUZZ := $(OBJ)/remote/fuzz-reply

.PHONY: fuzz-remote
fuzz: fuzz-remote
fuzz-remote: $(REPLY_FUZZ)
	@mkdir -p $(BUILD)/fuzz/remote
	$(REPLY_FUZZ) -max_total_time=$(FUZZ_SECONDS) -max_len=8192 -timeout=10 -print_final_stats=1 \
	    -artifact_prefix=$(BUILD)/fuzz/ $(BUILD)/fuzz/remote $(HERE)/remote/fuzz/corpus

$(REPLY_FUZZ): $(HERE)/remote/reply.cpp $(HERE)/remote/fuzz/reply.cpp $(HERE)/remote/reply.h
	@mkdir -p $(@D)
	$(FUZZ_CLANG) -std=c++17 -O1 -g -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined $(INCLUDES) \
	    $(filter %.cpp,$^) -o $@
