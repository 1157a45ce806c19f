# The media plugin, on FFmpeg's libraries. Included by ../Makefile.

MEDIA_SOURCES := $(wildcard $(HERE)/media/*.cpp)
MEDIA_OBJECTS := $(MEDIA_SOURCES:$(HERE)/%.cpp=$(OBJ)/%.o)
MEDIA_LIBRARIES := libavformat libavcodec libswscale libswresample libavutil

.PHONY: media
all: media
media: $(OUT)/libsluice_media.so

$(OUT)/libsluice_media.so: $(MEDIA_OBJECTS)
	@mkdir -p $(@D)
	$(CXX) $(CXX_FLAGS) $(CXX_LINK) $^ $(shell pkg-config --libs $(MEDIA_LIBRARIES)) -o $@

# Inner loops over pixels are worth the compiler's effort.
$(OBJ)/media/%.o: $(HERE)/media/%.cpp
	@mkdir -p $(@D)
	$(CXX) $(CXX_FLAGS) -O3 $(shell pkg-config --cflags $(MEDIA_LIBRARIES)) -c $< -o $@

# What bodies reach, under libFuzzer with AddressSanitizer and UBSan; by Swift's clang, which has all three. Findings of
# earlier runs are in media/fuzz/corpus, and each run begins with them and with one file of every format.
FUZZ_CLANG   ?= $(dir $(shell command -v swift))clang++
FUZZ_SECONDS ?= 600
FUZZ         := $(OBJ)/media/fuzz-decode

.PHONY: fuzz
fuzz: $(FUZZ) samples
	@mkdir -p $(BUILD)/fuzz/media $(BUILD)/fuzz/media-samples
	@i=0; for file in $(dir $(TEST_SAMPLES))picture.* $(dir $(TEST_SAMPLES))sound.* $(dir $(TEST_SAMPLES))film.*; do \
	    case $$(basename $$file) in picture.*) kind=0 ;; sound.*) kind=1 ;; *) kind=2 ;; esac; \
	    { printf "\\00$$kind"; cat $$file; } >$(BUILD)/fuzz/media-samples/$$(basename $$file); done
	$(FUZZ) -max_total_time=$(FUZZ_SECONDS) -max_len=65536 -timeout=20 -rss_limit_mb=2048 -print_final_stats=1 \
	    -artifact_prefix=$(BUILD)/fuzz/ $(BUILD)/fuzz/media $(HERE)/media/fuzz/corpus $(BUILD)/fuzz/media-samples

$(FUZZ): $(MEDIA_SOURCES) $(HERE)/media/fuzz/decode.cpp $(wildcard $(HERE)/media/*.h)
	@mkdir -p $(@D)
	$(FUZZ_CLANG) -std=c++17 -O1 -g -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined $(INCLUDES) \
	    $(filter %.cpp,$^) $(shell pkg-config --cflags --libs $(MEDIA_LIBRARIES)) -o $@
