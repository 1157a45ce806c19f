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
