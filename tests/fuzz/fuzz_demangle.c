/* Any bytes as the name of a function: clean text, in time. */
#include "fuzz.h"

#include "symbol/demangle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *raw = fuzz_text(data, size < 4095 ? size : 4095), text[128];

	demangle(text, sizeof text, raw);
	for (const char *at = text; *at; at++)
		if ((unsigned char)*at < 0x20 || *at == 0x7f)
			abort();
	demangle(text, 1, raw);
	if (text[0])
		abort();
	free(raw);
	return 0;
}
