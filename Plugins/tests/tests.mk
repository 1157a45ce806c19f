# The tests of the plugins that are built here, by a small host in C. Included by ../Makefile.

comma := ,
TEST_SOURCES := $(wildcard $(HERE)/tests/*.c)
TEST_OBJECTS := $(TEST_SOURCES:$(HERE)/%.c=$(OBJ)/%.o)
TEST_DRIVER  := $(OBJ)/tests/driver
# Beside the plugins' own folder: it is none, and must not be taken for one.
TEST_FUNCTIONS := $(OUT)-tests/libfunctions.so
TEST_SAMPLES := $(OUT)-tests/media/picture.png
MODELS       ?= $(BUILD)/models
SUITES       ?= echo stub-faulty broken ffi media remote python

# Python is never shut down, and what it keeps until the end looks like leaks.
.PHONY: test
test: all $(TEST_DRIVER) $(TEST_FUNCTIONS) $(TEST_SAMPLES)
	$(TEST_DRIVER) $(OUT) $(MODELS) $(filter-out python,$(SUITES))
	$(if $(filter python,$(SUITES)),ASAN_OPTIONS=detect_leaks=0 $(TEST_DRIVER) $(OUT) $(MODELS) python)

# Under a sanitizer the C++ library must be there before a plugin brings it, or exceptions aren't known as such.
LATE_CXX := $(if $(SANITIZE),-Wl$(comma)--no-as-needed -lstdc++)

# Symbols of the program must not stand in for those that a plugin lacks, so nothing is exported from it.
$(TEST_DRIVER): $(TEST_OBJECTS)
	$(CC) $(filter-out -fvisibility=hidden,$(C_FLAGS)) $(LDFLAGS) $^ $(LATE_CXX) -ldl -lm -o $@

$(OBJ)/tests/%.o: $(HERE)/tests/%.c
	@mkdir -p $(@D)
	$(CC) $(C_FLAGS) -DPYTHON_TESTS='"$(HERE)/python/tests"' \
	    -DMEDIA_CORPUS='"$(HERE)/media/fuzz/corpus"' -c $< -o $@

$(TEST_FUNCTIONS): $(HERE)/ffi/tests/functions.c
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -O2 -fPIC $(WARNINGS) $(sanitize.$(SANITIZE)) -shared $< -o $@

# One small file of every format that the media plugin reads, by the encoders of the libraries that it decodes with.
.PHONY: samples
samples: $(TEST_SAMPLES)

$(TEST_SAMPLES): $(HERE)/media/tests/samples.c
	@mkdir -p $(@D) $(OBJ)/media
	$(CC) -std=gnu11 -O2 $(WARNINGS) $< \
	    $(shell pkg-config --cflags --libs libavformat libavcodec libswscale libavutil) -lm -o $(OBJ)/media/samples
	$(OBJ)/media/samples $(@D)
	@touch $@
